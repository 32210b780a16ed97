import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { TYPESCRIPT } from '@spanwright/test-kit'

/** How long a program may take on a busy machine, in milliseconds. */
export const LONGEST = 60_000

/** What a program printed. */
export interface Printed {
  readonly output: string
  /** Lines of its traces, without what differs from run to run: ids, times and bars. */
  readonly traces: readonly string[]
  /** What is printed of failed spans, below their lines. */
  readonly details: readonly string[]
}

/** Runs a small program to its end by its npm script, but with what tests of other packages have transformed already. */
export async function run(name: string): Promise<Printed> {
  const folder = join(__dirname, '..')
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>
  }
  const [_node, _import, _tsx, ...args] = scripts[name]?.split(' ') ?? []
  const child = spawn(process.execPath, ['--require', TYPESCRIPT, ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST,
  })
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${errors}`)
  const lines = errors.trimEnd().split('\n')
  return {
    output,
    traces: lines.filter(line => !line.startsWith(' ')).map(withoutTimes),
    details: lines.filter(line => line.startsWith(' ')).map(line => line.replace(/^[ │]+/, '')),
  }
}

/** The trace that the README of a package shows, in the same form. */
export function pictureOf(name: string): string[] {
  const readme = readFileSync(join(__dirname, '..', '..', '..', 'packages', name, 'README.md'), 'utf8')
  const [, shown = ''] = /^## A trace\n\n```text\n([^]*?)\n```$/m.exec(readme) ?? []
  return shown.split('\n').map(withoutTimes)
}

function withoutTimes(line: string): string {
  return line
    .replace(/^trace [0-9a-f]{32}/, 'trace')
    .replace(/,? +[\d.]+ m?s(?=$| {2}▕)/, '')
    .replace(/ {2,}▕[ █]+▏/, '')
    .replace(/^(\S+) {2}/, '$1 ')
}
