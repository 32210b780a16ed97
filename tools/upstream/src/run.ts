import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { buildSync } from 'esbuild'

import type { Library } from './libraries.ts'
import { COUNTS_FOLDER, type SpanCount } from './preload/record.ts'
import { type Outcome, readAva, readJest, readLines, readMocha } from './outcome.ts'

/** The outcome of one run of the tests of a library. */
export interface Run extends Outcome {
  readonly spans: SpanCount
}

/** Runs the tests of a library, in the folder of its package. */
export async function runTests(
  library: Library,
  folder: string,
  isTraced: boolean,
  env: Readonly<Record<string, string>>,
): Promise<Run> {
  const work = mkdtempSync(join(tmpdir(), 'upstream-'))
  try {
    return await runIn(work, library, folder, isTraced, env)
  } finally {
    rmSync(work, { recursive: true })
  }
}

async function runIn(
  work: string,
  library: Library,
  folder: string,
  isTraced: boolean,
  env: Readonly<Record<string, string>>,
): Promise<Run> {
  const counts = join(work, 'counts')
  mkdirSync(counts)
  const options = [...(library.nodeOptions ?? [])]
  const preload = isTraced && bundle(`preload/${library.preload}.ts`, join(work, 'preload.cjs'))
  // Jest has modules of its own.
  if (preload && library.runner !== 'jest') options.push(`--require=${preload}`)
  const environment = {
    ...process.env,
    ...library.env,
    ...env,
    [COUNTS_FOLDER]: counts,
    NODE_OPTIONS: options.join(' '),
  }
  const run = (args: readonly string[]): Promise<Finished> => runNode(args, folder, environment)
  const outcome = await RUNNERS[library.runner](library, folder, work, run, preload)
  return { ...outcome, spans: sumOf(counts) }
}

/** How long a test may take, in milliseconds: the next file is run even when one of them never ends. */
const LONGEST = 60_000

interface Finished {
  readonly code: number | null
  readonly output: string
}

type Runner = (
  library: Library,
  folder: string,
  work: string,
  run: (args: readonly string[]) => Promise<Finished>,
  preload: string | false,
) => Promise<Outcome>

const RUNNERS: Readonly<Record<Library['runner'], Runner>> = {
  async mocha({ args = [] }, folder, work, run) {
    const report = join(work, 'report.json')
    const reporting = ['--reporter', 'json', '--reporter-option', `output=${report}`]
    const { output } = await run([join(folder, 'node_modules/mocha/bin/mocha.js'), ...args, ...reporting])
    return readMocha(contentOf(report, output))
  },
  async ava(_library, folder, _work, run) {
    const { output } = await run([join(folder, 'node_modules/ava/entrypoints/cli.mjs'), '--tap'])
    return readAva(output)
  },
  async jest({ args = [] }, folder, work, run, preload) {
    const report = join(work, 'report.json')
    const reporting = ['--json', `--outputFile=${report}`, '--forceExit', '--maxWorkers=2', '--ci']
    const { output } = await run([
      join(folder, 'node_modules/jest/bin/jest.js'),
      ...args,
      ...reporting,
      ...(preload ? ['--setupFiles', preload] : []),
    ])
    return readJest(contentOf(report, output))
  },
  async node({ args = [], ...library }, folder, work, run) {
    const report = join(work, 'report.txt')
    const reporter = bundle('reporter.ts', join(work, 'reporter.mjs'))
    const reporting = [`--test-reporter=${reporter}`, `--test-reporter-destination=${report}`]
    const { output } = await run([
      ...args,
      '--test',
      '--test-concurrency=2',
      `--test-timeout=${LONGEST}`,
      ...reporting,
      ...filesOf(library, folder),
    ])
    return readLines(contentOf(report, output))
  },
  async script(library, folder, _work, run) {
    const failed = new Set<string>()
    let passed = 0
    for (const file of filesOf(library, folder)) {
      const { code } = await run([file])
      if (code === 0) passed++
      else failed.add(file)
    }
    return { passed, failed }
  },
}

function filesOf({ files }: Pick<Library, 'files'>, folder: string): string[] {
  const [top] = /^\w+/.exec(files?.source.slice(1) ?? '') ?? ['']
  return readdirSync(join(folder, top), { recursive: true })
    .map(name => `${top}/${String(name).replaceAll('\\', '/')}`)
    .filter(name => files?.test(name))
    .toSorted()
}

/** Bundles a file and its imports, from source, into one file that any process can load. */
function bundle(entry: string, outfile: string): string {
  buildSync({
    entryPoints: [join(__dirname, entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: outfile.endsWith('.mjs') ? 'esm' : 'cjs',
    conditions: ['@spanwright/source'],
    // The Jest of kafkajs does not know `node:`, and its environment lacks what OpenTelemetry's SDK reads.
    supported: { 'node-colon-prefix-require': false },
    ...(outfile.endsWith('.cjs') && {
      banner: { js: "globalThis.performance ??= require('perf_hooks').performance" },
    }),
    logLevel: 'warning',
  })
  return outfile
}

function runNode(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const parts: string[] = []
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => parts.push(part))
    }
    child.on('error', reject)
    child.on('close', code => resolve({ code, output: parts.join('') }))
  })
}

/** @throws Error with the output of the run when there is no report */
function contentOf(report: string, output: string): string {
  try {
    return readFileSync(report, 'utf8')
  } catch {
    throw new Error(`the tests left no report:\n${output.slice(-4000)}`)
  }
}

function sumOf(folder: string): SpanCount {
  const all = readdirSync(folder).map(
    name => JSON.parse(readFileSync(join(folder, name), 'utf8')) as SpanCount,
  )
  return {
    started: all.reduce((sum, { started }) => sum + started, 0),
    ended: all.reduce((sum, { ended }) => sum + ended, 0),
  }
}
