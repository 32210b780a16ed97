import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

const run = promisify(execFile)
const RUNNERS = join(__dirname, 'runners')
const ROOT = join(__dirname, '..', '..', '..')

/** Jest marks its child processes as its workers; another runner must not see that. */
const { JEST_WORKER_ID: _id, NODE_ENV: _env, NODE_OPTIONS: _options, CI: _ci, ...env } = process.env

const JEST = [
  join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'),
  '--config',
  join(ROOT, 'jest.config.ts'),
  '--testMatch',
  join(RUNNERS, 'jest', 'baseline.spec.ts'),
  '--testNamePattern=shape',
  '--no-color',
]
const VITEST = [
  join(require.resolve('vitest/package.json'), '..', 'vitest.mjs'),
  'run',
  'baseline',
  '--config',
  join(RUNNERS, 'vitest', 'vitest.config.mts'),
  '--no-color',
]
const NODE = ['--import', 'tsx', '--conditions=@spanwright/source', '--test-reporter=tap', '--test']
const NODE_SPEC = join(RUNNERS, 'node', 'baseline.spec.ts')

/** Node 20 has no such flag. */
const [major = 0] = process.versions.node.split('.').map(Number)
const UPDATE_FLAG = major > 20 ? '--test-update-snapshots' : undefined

interface Runner {
  readonly write: readonly string[]
  readonly refuse: readonly string[]
  readonly update: readonly string[]
  /** For the runs that must not write. */
  readonly refuseEnv?: Record<string, string>
  readonly updateEnv?: Record<string, string>
}

const RUNS: [name: string, runner: Runner][] = [
  ['Jest', { write: [...JEST, '--ci=false'], refuse: [...JEST, '--ci'], update: [...JEST, '--ci', '-u'] }],
  [
    'Vitest',
    {
      write: VITEST,
      refuse: VITEST,
      update: [...VITEST, '-u'],
      refuseEnv: { CI: 'true' },
      updateEnv: { CI: 'true' },
    },
  ],
  [
    'node:test',
    {
      write: [...NODE, NODE_SPEC],
      refuse: [...NODE, NODE_SPEC],
      update: UPDATE_FLAG ? [...NODE, UPDATE_FLAG, NODE_SPEC] : [...NODE, NODE_SPEC],
      refuseEnv: { CI: 'true' },
      updateEnv: UPDATE_FLAG ? { CI: 'true' } : { SPANWRIGHT_UPDATE_TRACES: '1' },
    },
  ],
]

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spanwright-baseline-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe.each(RUNS)('a baseline in %s', (_, runner) => {
  it('is written when it is missing, kept where writing is off, and written again on demand', async () => {
    const baseline = join(folder, 'traces', 'orders.trace')
    const start = (args: readonly string[], table: string, more: Record<string, string> = {}) =>
      run(process.execPath, [...args], {
        cwd: ROOT,
        env: { ...env, ...more, BASELINE: baseline, TABLE: table },
      })
    const failure = (args: readonly string[], table: string): Promise<string> =>
      start(args, table, runner.refuseEnv).then(
        () => 'passed',
        (error: Error & { stdout: string; stderr: string }) => error.stdout + error.stderr,
      )

    await start(runner.write, 'orders')
    const written = await readFile(baseline, 'utf8')
    expect(written)
      .toBe(`# The shape of a trace. Review changes to it like code; run the tests with -u to write it again.
SERVER POST /orders
  CLIENT INSERT orders
      . db.namespace: "shop"
`)

    expect(await failure(runner.refuse, 'items')).toMatch(
      /- +CLIENT INSERT orders\s+- +\. db\.namespace: "shop"\s+\+ +CLIENT INSERT items\s+\+ +\. db\.namespace: "shop"/,
    )
    expect(await readFile(baseline, 'utf8')).toBe(written)

    await start(runner.update, 'items', runner.updateEnv)
    expect(await readFile(baseline, 'utf8')).toBe(written.replace('INSERT orders', 'INSERT items'))
  }, 120_000)
})
