import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'

import { ROOT } from '../root.ts'
import { type Module, modulesOf } from './modules.ts'
import type { Block } from './page.ts'

const GIVEN = join(ROOT, 'tools', 'docs', 'given')
const COMPILER = join(ROOT, 'node_modules', 'typescript', 'lib', 'tsc.js')
const RUNNER = join(__dirname, 'run-program.ts')
const FROM_SOURCE = ['--import', 'tsx', '--conditions=@spanwright/source']
/** Longest time of a process, in milliseconds. */
const TIMEOUT = 60_000

const SHARED = {
  noEmit: true,
  composite: false,
  incremental: false,
  tsBuildInfoFile: null,
  isolatedDeclarations: false,
  declaration: false,
  declarationMap: false,
  sourceMap: false,
  rewriteRelativeImportExtensions: false,
  allowImportingTsExtensions: true,
  moduleDetection: 'force',
  noUnusedLocals: false,
  noUncheckedIndexedAccess: false,
  noPropertyAccessFromIndexSignature: false,
  // Other files of the same example.
  noUncheckedSideEffectImports: false,
  rootDir: ROOT,
}

/** The rules of usual projects: those of the repository that only matter to its own code are off. */
const PROJECTS: readonly Project[] = [
  { name: 'ts', files: ['mts'], options: SHARED },
  {
    name: 'js',
    files: ['mjs', 'cjs'],
    options: {
      ...SHARED,
      allowJs: true,
      checkJs: true,
      strict: false,
      exactOptionalPropertyTypes: false,
    },
  },
]

/** What JavaScript has no words for: the properties of a value of type `unknown`. And the sources, which are strict. */
const NOT_IN_JAVASCRIPT = /error TS(?:18046|2698)\b|on type 'unknown'|^\S*\/packages\/\S+\.ts\(/

interface Project {
  readonly name: string
  readonly files: readonly string[]
  readonly options: object
}

/** Compiles blocks against the sources of the packages, runs those that are to run, and returns what is wrong. */
export async function checkPrograms(blocks: readonly Block[]): Promise<string[]> {
  if (blocks.length === 0) return []
  // The programs must find the packages that they import.
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.docs-'))
  try {
    const modules = modulesOf(blocks)
    for (const { path, text } of modules) write(folder, path, text)
    const projects = PROJECTS.filter(({ files }) =>
      modules.some(({ path }) => files.some(extension => path.endsWith(`.${extension}`))),
    )
    const wrong = (await Promise.all(projects.map(project => compile(folder, project)))).flat()
    if (wrong.length > 0) return wrong
    return await run(
      folder,
      modules.filter(({ runs }) => runs),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

async function compile(folder: string, { name, files, options }: Project): Promise<string[]> {
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: options,
    include: [...files.map(extension => `${folder}/**/*.${extension}`), `${GIVEN}/*.d.ts`],
    exclude: [],
    references: [],
  }
  write(folder, `tsconfig.${name}.json`, JSON.stringify(config))
  const said = await outputOfFailure(folder, [COMPILER, '-p', `tsconfig.${name}.json`, '--pretty', 'false'])
  // What is indented belongs to the line above.
  const messages = said
    .join('\n')
    .split(/\n(?! )/)
    .filter(message => message !== '')
  const wrong = name === 'js' ? messages.filter(message => !NOT_IN_JAVASCRIPT.test(message)) : messages
  return wrong.map(message => message.replace(/^(.+\.md)\/\d+\.\w+\((\d+),(\d+)\)/, '$1:$2:$3'))
}

/** Runs all of them in one process, which is much faster than a process for each. */
async function run(folder: string, modules: readonly Module[]): Promise<string[]> {
  if (modules.length === 0) return []
  const output = join(folder, 'failures.json')
  const paths = modules.map(({ path }) => join(folder, path))
  const said = await outputOfFailure(folder, [...FROM_SOURCE, RUNNER, output, ...paths])
  if (said.length > 0) return said
  const failures = JSON.parse(readFileSync(output, 'utf8')) as readonly (readonly [string, string])[]
  return failures.map(([path, thrown]) => `${pageOf(relative(folder, path))}: does not run: ${thrown}`)
}

/** `page/7.mts` as `page:7`. */
function pageOf(path: string): string {
  return path.replace(/\/(\d+)\.\w+$/, ':$1')
}

/** Lines that a program wrote; nothing when it succeeds. */
async function outputOfFailure(cwd: string, args: readonly string[]): Promise<string[]> {
  const env = { ...process.env, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }
  const options = { cwd, env, maxBuffer: 2 ** 26, timeout: TIMEOUT }
  try {
    await promisify(execFile)(process.execPath, args, options)
    return []
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { readonly stdout: string; readonly stderr: string }
    const lines = `${stdout}${stderr}`.split('\n').filter(line => line.trim() !== '')
    return lines.length > 0 ? lines : [message]
  }
}
