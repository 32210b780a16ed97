import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import type { Assignment, Readings, Reply, Request, Weight } from './measured/protocol.ts'

const PROGRAM = join(__dirname, '..', 'dist', 'measured', 'main.js')
const PATIENCE = 30_000
const KEPT_OUTPUT = 2000

type ReplyOf<Type extends Reply['type']> = Extract<Reply, { type: Type }>

/** A fresh process under test. */
export class MeasuredProcess {
  /** Where it serves, when it is a server. */
  port: number = 0
  /** Milliseconds from its creation until it was ready. */
  startUp: number = 0
  private readonly child: ChildProcess
  private errors = ''

  private constructor(assignment: Assignment, execPath: string, flags: readonly string[]) {
    this.child = fork(PROGRAM, [JSON.stringify(assignment)], {
      execPath,
      execArgv: [...flags],
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-KEPT_OUTPUT)
    })
  }

  /**
   * Starts a process and waits until its scenario is open.
   * @param execPath of Node
   * @param flags for Node, such as `--cpu-prof`
   * @throws Error when it fails, ends, or doesn't respond
   */
  static async start(
    assignment: Assignment,
    execPath: string,
    flags: readonly string[] = [],
  ): Promise<MeasuredProcess> {
    const started = new MeasuredProcess(assignment, execPath, flags)
    try {
      const { port, startUp } = await started.reply('ready')
      started.port = port
      started.startUp = startUp
      return started
    } catch (error) {
      await started.end()
      throw error
    }
  }

  /** Begins to measure; a client begins its load. */
  async begin(watched: boolean): Promise<void> {
    await this.ask({ type: 'start', watched }, 'started')
  }

  /** Has what waits sent, and tells how many spans were recorded since the process began. */
  async flush(): Promise<number> {
    const { recorded } = await this.ask({ type: 'flush' }, 'flushed')
    return recorded
  }

  /** Ends the load of a client and reads what was measured. */
  async finish(): Promise<Readings> {
    return this.ask({ type: 'stop' }, 'stopped')
  }

  /** Has garbage collected, reads what is left, and has a heap snapshot written to a file. */
  async weigh(snapshot: string): Promise<Weight> {
    return this.ask({ type: 'weigh', snapshot }, 'weighed')
  }

  /** Ends the process. */
  async end(): Promise<void> {
    const { child } = this
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    if (child.connected) child.send({ type: 'exit' } satisfies Request)
    const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
    await exited
    clearTimeout(timer)
  }

  private ask<Type extends Reply['type']>(request: Request, type: Type): Promise<ReplyOf<Type>> {
    const reply = this.reply(type)
    this.child.send(request)
    return reply
  }

  private reply<Type extends Reply['type']>(type: Type): Promise<ReplyOf<Type>> {
    const { child } = this
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        settle()
        reject(new Error(this.errors ? `${why}\n${this.errors.trim()}` : why))
      }
      const timer = setTimeout(() => fail(`the process did not say '${type}'`), PATIENCE)
      const onExit = (code: number | null): void => fail(`the process ended with code ${code}`)
      const onMessage = (reply: Reply): void => {
        if (reply.type === 'failed') return fail(reply.reason)
        if (reply.type !== type) return
        settle()
        resolve(reply as ReplyOf<Type>)
      }
      const settle = (): void => {
        clearTimeout(timer)
        child.off('exit', onExit).off('message', onMessage)
      }
      child.on('exit', onExit).on('message', onMessage)
    })
  }
}

/** What was set for this process must not configure what is measured. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:NODE_OPTIONS|OTEL_|SPANWRIGHT_|DD_|SENTRY_)/.test(name),
  )
  return {
    ...Object.fromEntries(kept),
    NODE_ENV: 'production',
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
    DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  }
}
