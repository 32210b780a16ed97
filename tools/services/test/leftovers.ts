import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { FROM_SOURCE } from '@spanwright/test-kit'

/** The existing temporary folders that lines of progress name. */
export function foldersIn(lines: readonly string[]): string[] {
  return lines.flatMap(line => / in (\/.*)$/.exec(line)?.[1] ?? []).filter(folder => existsSync(folder))
}

interface Row {
  pid: number
  parent: number
  state: string
  command: string
}

function processes(): Row[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state=,args='], { encoding: 'utf8' })
  return table.split('\n').flatMap(line => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []
    if (pid === undefined || state === undefined || command === undefined) return []
    return [{ pid: Number(pid), parent: Number(parent), state, command }]
  })
}

/** Command lines of the running child processes, except for the one that lists them. */
export function childProcesses(): string[] {
  return processes()
    .filter(row => row.parent === process.pid && !row.state.startsWith('Z') && !row.command.startsWith('ps '))
    .map(row => row.command)
    .toSorted()
}

/** Starts a service in a separate program, ends that in the named way and returns what is left afterwards. */
export async function runToItsEnd(
  starter: string,
  ending: 'stop' | 'exit' | 'throw' | NodeJS.Signals,
): Promise<{ signal: unknown; left: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'spanwright-leftovers-'))
  // The server may run as another user.
  chmodSync(folder, 0o755)
  const program = spawn(
    process.execPath,
    [...FROM_SOURCE, require.resolve('./starter.ts'), starter, ending],
    {
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const exit = once(program, 'exit')
  await once(program.stdout, 'data')
  if (ending !== 'stop' && ending !== 'exit' && ending !== 'throw') program.kill(ending)
  const signal: unknown = (await exit)[1]
  const left = await whatStays(folder)
  rmSync(folder, { recursive: true })
  return { signal, left }
}

/** Folders and processes of a service that still exist after ten seconds. */
async function whatStays(folder: string): Promise<string[]> {
  let left: string[] = []
  for (const end = Date.now() + 10_000; Date.now() < end; await setTimeout(20)) {
    left = readdirSync(folder).filter(name => name.startsWith('spanwright-'))
    // The table of all processes is expensive; it is read once the folders are gone.
    if (left.length > 0) continue
    for (const row of processes()) {
      if (row.command.includes(folder) && !row.state.startsWith('Z')) left.push(row.command)
    }
    if (left.length === 0) break
  }
  return left
}
