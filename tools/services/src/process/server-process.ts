import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** The command of a server and how to detect that it is ready. */
export interface ServerCommand {
  /** Name of the program in error messages. */
  name: string
  command: string
  args: readonly string[]
  cwd: string
  env?: NodeJS.ProcessEnv
  uid?: number | undefined
  gid?: number | undefined
  /** Recognises the line of output that says the server accepts connections. */
  isReady: (line: string) => boolean
  /** Longest wait for that line, in milliseconds. */
  timeout: number
}

/** A server that ended or timed out before it was ready. */
export class ServerFailedToStart extends Error {
  /** The last lines it wrote, 40 at most. */
  readonly output: readonly string[]

  constructor(message: string, output: readonly string[]) {
    super([message, ...output.slice(-8)].join('\n  '))
    this.output = output
  }
}

/** A server program in a separate process. */
export class ServerProcess {
  readonly pid: number
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
  #child: ChildProcess

  constructor(child: ChildProcess, pid: number) {
    this.#child = child
    this.pid = pid
    this.exited = new Promise(resolve => child.once('exit', (code, signal) => resolve(code ?? signal!)))
  }

  /** Sends a signal and waits for the exit; after `patience` milliseconds (default 10000) sends SIGKILL. */
  async end(signal: NodeJS.Signals, patience = 10_000): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patience)
    this.#child.kill(signal)
    await this.exited
    clearTimeout(timer)
  }
}

/** Starts a server and resolves when it is ready; `onPid` receives its process id immediately. */
export async function startServer(
  server: ServerCommand,
  onPid: (pid: number) => void,
): Promise<ServerProcess> {
  const child = spawn(server.command, server.args, {
    cwd: server.cwd,
    env: { ...process.env, ...server.env },
    ...(server.uid === undefined ? {} : { uid: server.uid, gid: server.gid }),
    // A separate session: Ctrl-C is for this process, which may still need the server while it shuts down.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await once(child, 'spawn').catch((error: Error) => {
    throw new ServerFailedToStart(`${server.name} could not be run: ${error.message}`, [])
  })
  const running = new ServerProcess(child, child.pid ?? 0)
  onPid(running.pid)
  await untilReady(server, child).catch(async (error: unknown) => {
    await running.end('SIGKILL')
    throw error
  })
  return running
}

function untilReady(server: ServerCommand, child: ChildProcess): Promise<void> {
  const lastLines: string[] = []
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => {
      clearTimeout(timer)
      reject(new ServerFailedToStart(`${server.name} ${what}:`, lastLines))
    }
    const timer = setTimeout(() => fail(`was not ready after ${server.timeout} ms`), server.timeout)
    child.once('close', code => fail(`ended with code ${code ?? 'none'} before it was ready`))
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', line => {
        lastLines.push(line)
        if (lastLines.length > 40) lastLines.shift()
        if (!server.isReady(line)) return
        clearTimeout(timer)
        resolve()
      })
    }
  })
}
