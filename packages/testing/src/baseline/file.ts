import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a run may do with baselines: write missing ones, write all, or only read. */
export type WriteMode = 'new' | 'all' | 'none'

/** What the runner of a test says about it. */
export interface RunnerState {
  readonly testPath?: string | undefined
  readonly snapshotState?: unknown
}

/** True for the name of a baseline: text of one line that ends with `.trace`, or a URL. */
export function isBaselineName(value: unknown): value is string | URL {
  return value instanceof URL || (typeof value === 'string' && /^\S[^\n]*\.trace$/.test(value))
}

/**
 * The path of a baseline. Jest and Vitest tell the folder of the test.
 * @throws TypeError when a relative name is given and the folder of the test is not known
 */
export function baselinePath(name: string | URL, { testPath }: RunnerState = {}): string {
  if (name instanceof URL) return fileURLToPath(name)
  if (isAbsolute(name)) return name
  if (testPath) return resolve(dirname(testPath), name)
  throw new TypeError(
    `the folder of ${name} is not known here: pass new URL('${name}', import.meta.url) or join(__dirname, '${name}')`,
  )
}

/**
 * Jest and Vitest decide by `--ci`, `-u` and the variable `CI`; under node:test `--test-update-snapshots` or
 * `SPANWRIGHT_UPDATE_TRACES=1` writes all, and `CI` forbids writing.
 */
export function writeModeOf({ snapshotState }: RunnerState = {}): WriteMode {
  const { _updateSnapshot: mode } = (snapshotState ?? {}) as { readonly _updateSnapshot?: unknown }
  if (mode === 'all' || mode === 'new' || mode === 'none') return mode
  const { CI, SPANWRIGHT_UPDATE_TRACES } = process.env
  if (isOn(SPANWRIGHT_UPDATE_TRACES) || process.execArgv.includes('--test-update-snapshots')) return 'all'
  return isOn(CI) ? 'none' : 'new'
}

function isOn(variable: string | undefined): boolean {
  return variable !== undefined && !['', '0', 'false'].includes(variable)
}

/** The text of a baseline; undefined when there is none. */
export function readBaseline(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a baseline and the folders it needs. */
export function writeBaseline(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
