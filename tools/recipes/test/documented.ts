import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { FROM_SOURCE } from '@spanwright/test-kit'

const ROOT = join(__dirname, '..', '..', '..')

/** Starting a process takes seconds on a busy machine. */
export const PATIENCE = 60_000

/** Like `FROM_SOURCE`, for programs that are ES modules. */
const MODULES_FROM_SOURCE = ['--import', 'tsx', '--conditions=@spanwright/source']

/** An environment without the variables that mark a worker of Jest. */
export function environment(): NodeJS.ProcessEnv {
  const { JEST_WORKER_ID: _id, NODE_OPTIONS: _options, ...env } = process.env
  return env
}

/** The programs of a page of docs/recipes, in order. */
export function programsOf(page: string): string[] {
  const text = readFileSync(join(ROOT, 'docs', 'recipes', page), 'utf8')
  return [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, program = '']) => program)
}

/** Runs a JavaScript program, written as an ES module, as either kind of module, and returns its output. */
export async function run(program: string, kind: 'commonjs' | 'module'): Promise<string> {
  // The program must find the packages that it imports.
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.recipe-'))
  try {
    const file = join(folder, kind === 'module' ? 'program.mjs' : 'program.cjs')
    writeFileSync(file, kind === 'module' ? program : program.replaceAll(IMPORT, toRequire))
    const args = [...(kind === 'module' ? MODULES_FROM_SOURCE : FROM_SOURCE), file]
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment(), cwd: ROOT })
    return stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const IMPORT = /^import (.+) from (.+)$/gm

function toRequire(_line: string, names: string, path: string): string {
  return `const ${names.replaceAll(' as ', ': ')} = require(${path})`
}
