import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll } from '@jest/globals'
import { onProcessEnd, startServer } from '@spanwright/services'
import { type Receiver, startReceiver } from '@spanwright/traces'

/** Applications take seconds to start, more on a busy machine. */
export const PATIENCE = 120_000

/** How an application is started. */
export interface Setting {
  /** Its install: a folder of tools/applications. */
  readonly install: string
  /** The program of the install, in node_modules/.bin, or one of `files`, and its arguments. */
  readonly command: readonly string[]
  /** Files of the working folder, by name. */
  readonly files: Readonly<Record<string, string>>
  readonly env?: NodeJS.ProcessEnv
  /** Where it listens on 127.0.0.1. */
  readonly port: number
  /** Part of the line that says that it accepts requests. */
  readonly ready: RegExp
  /** Oldest version of Node that it runs on. Default: 20 */
  readonly node?: number
}

/** An application in a separate process. */
export interface Application extends AsyncDisposable {
  readonly origin: string
  /** Its working folder. */
  readonly folder: string
  /** Sends a signal and waits for the exit: the code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>
}

/** The applications of a test file, which end after its tests, and the receiver of their spans. */
export class Applications {
  receiver!: Receiver
  private readonly started: AsyncDisposable[] = []

  constructor() {
    beforeAll(async () => {
      this.receiver = await startReceiver()
      this.started.push(this.receiver)
    })
    afterAll(async () => {
      for (const each of this.started.toReversed()) await each[Symbol.asyncDispose]()
    })
  }

  /** Starts an application and waits until it accepts requests. */
  async start(setting: Setting): Promise<Application> {
    const application = await startApplication(setting, this.receiver)
    this.started.push(application)
    return application
  }
}

/** Starts an application, with spans sent to a receiver, and waits until it accepts requests. */
export async function startApplication(setting: Setting, receiver: Receiver): Promise<Application> {
  const { install, files, ready, node = 20 } = setting
  const [program = '', ...args] = setting.command
  const modules = join(__dirname, '..', install, 'node_modules')
  // In there, its files find both the application and the packages of this repository.
  const folder = mkdtempSync(join(modules, '.run-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  let running: number | undefined
  const remove = (): void => {
    if (running !== undefined) killAll(running)
    rmSync(folder, { recursive: true, maxRetries: 10 })
  }
  const forget = onProcessEnd(remove)
  const server = {
    name: install,
    command: executable(node),
    args: [program in files ? program : realpathSync(join(modules, '.bin', program)), ...args],
    cwd: folder,
    env: {
      JEST_WORKER_ID: undefined,
      NODE_OPTIONS: undefined,
      NODE_ENV: undefined,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '20',
      ...setting.env,
    },
    isReady: (line: string) => ready.test(line),
    timeout: PATIENCE,
  }
  const started = await startServer(server, pid => (running = pid))

  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    await started.end(signal, PATIENCE)
    return started.exited
  }
  return {
    origin: `http://127.0.0.1:${setting.port}`,
    folder,
    stop,
    async [Symbol.asyncDispose]() {
      forget()
      remove()
      await started.exited
    },
  }
}

/** Ends a process and those that it has started, of which some outlive it. */
function killAll(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL')
  } catch {
    // They have ended.
  }
}

const newer = 24

/** The path of a Node that is at least of a version. */
function executable(oldest: number): string {
  if (Number.parseInt(process.versions.node, 10) >= oldest) return process.execPath
  const args = ['-y', '-p', `node@${newer}`, '--', 'node', '-p', 'process.execPath']
  return execFileSync('npx', args, { encoding: 'utf8', shell: process.platform === 'win32' }).trim()
}
