import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { FROM_SOURCE } from '@spanwright/test-kit'

const MAIN = join(__dirname, '..', 'src', 'main.ts')

let temporary: string
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'spanwright-soak-'))
  // PostgreSQL does not run as root: its own user has to get through.
  await chmod(temporary, 0o755)
})
afterAll(() => rm(temporary, { recursive: true, force: true }))

function startSoak(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [...FROM_SOURCE, MAIN, ...args], {
    env: { ...process.env, TMPDIR: temporary, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** The process ids of the services of both shops, once all of them run. */
async function servicesOf({ stderr }: { readonly stderr: Readable }): Promise<number[]> {
  const pids: number[] = []
  for await (const line of createInterface({ input: stderr })) {
    pids.push(...(/the shop is open, processes (.+)/.exec(line)?.[1]?.split(' ') ?? []).map(Number))
    if (pids.length === 8) break
  }
  return pids
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** What exists a minute later, or nothing as soon as nothing does. */
async function leftovers(pids: readonly number[]): Promise<unknown[]> {
  for (const end = performance.now() + 60_000; ; await wait(50)) {
    const folders = (await readdir(temporary)).filter(name => name.startsWith('spanwright-'))
    const left = [...folders, ...pids.filter(isRunning)]
    if (left.length === 0 || performance.now() > end) return left
  }
}

describe('a soak', () => {
  it('begins with the command that repeats it, and leaves no process and no folder behind when it is interrupted', async () => {
    const soak = startSoak(['--minutes', '1', '--seed', '7'])
    const output = text(soak.stdout)
    const pids = await servicesOf(soak)
    expect(pids.filter(isRunning)).toHaveLength(8)
    soak.kill('SIGINT')
    expect(await once(soak, 'exit')).toEqual([130, null])
    expect(await output).toBe('npm run soak -- --minutes 1 --seed 7\n')
    expect(await leftovers(pids)).toEqual([])
  }, 120_000)

  it.each([
    ['one thing cannot be started', ['--minutes', '1'], { KAFKA: 'none' }, 'KAFKA: expected'],
    [
      'its arguments are wrong',
      ['--minutes', 'long'],
      {},
      '--minutes: expected a number from 0.5 to 600; got long',
    ],
  ])(
    'ends with code 1 and leaves nothing behind when %s',
    async (_what, args, env, reason) => {
      const soak = startSoak(args, env)
      const [[code], errors] = await Promise.all([once(soak, 'exit'), text(soak.stderr)])
      expect(errors).toContain(reason)
      expect(code).toBe(1)
      expect(await leftovers([])).toEqual([])
    },
    60_000,
  )
})
