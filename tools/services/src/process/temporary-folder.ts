import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onProcessEnd } from './on-process-end.ts'

// Reads process ids until this process has ended, by any cause (even SIGKILL), then ends the last one.
// The folder is removed twice: a server may write to it until it has ended.
const guardScript = `
while read -r line; do pid=$line; done
if [ "\${pid:-0}" -gt 0 ]; then
  kill -s "$2" "$pid"
  rm -rf "$1"
  tries=0
  while kill -s 0 "$pid" && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
fi
rm -rf "$1"
`

/** A folder in the temporary folder that is removed, together with its server, when this process ends. */
export class TemporaryFolder {
  readonly path: string
  #signal: NodeJS.Signals
  #guard: ChildProcess | undefined
  #pid = 0
  #callOff: () => void

  /** `signal` ends the server immediately; default of `parent`: the temporary folder of the system. */
  constructor(prefix: string, signal: NodeJS.Signals, parent: string = tmpdir()) {
    this.path = mkdtempSync(join(parent, prefix))
    this.#signal = signal
    this.#guard = process.platform === 'win32' ? undefined : startGuard(this.path, signal)
    this.#callOff = onProcessEnd(() => this.#removeNow())
  }

  /** Sets the process to end together with the folder; 0 for none. */
  servedBy(pid: number): void {
    this.#pid = pid
    this.#guard?.stdin?.write(`${pid}\n`)
  }

  /** Removes the folder; its server must have ended. */
  async remove(): Promise<void> {
    this.#callOff()
    if (this.#guard?.exitCode === null && this.#guard.signalCode === null) {
      const gone = once(this.#guard, 'exit')
      this.#guard.ref()
      this.#guard.kill('SIGKILL')
      await gone
    }
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 })
  }

  #removeNow(): void {
    try {
      if (this.#pid > 0) process.kill(this.#pid, this.#signal)
      rmSync(this.path, { recursive: true, force: true, maxRetries: 3 })
    } catch {
      // Already ended, or still writing: the guard finishes the work.
    }
  }
}

function startGuard(folder: string, signal: NodeJS.Signals): ChildProcess {
  const guard = spawn('/bin/sh', ['-c', guardScript, 'sh', folder, signal.replace('SIG', '')], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => {})
  guard.stdin.on('error', () => {})
  guard.unref()
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref()
  return guard
}
