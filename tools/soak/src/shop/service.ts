import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

import type { SpanCounts } from '@spanwright/sdk'
import { freePort, onProcessEnd } from '@spanwright/services'
import { FROM_SOURCE } from '@spanwright/test-kit'

import { MARK, type Memory, type Notice, type Question, type Standing } from '../child/messages.ts'

export type ServiceName = 'gateway' | 'inventory' | 'pricing' | 'fulfilment'

const SHOP = dirname(require.resolve('@spanwright/example-shop/package.json'))
const PRELOAD = join(__dirname, '..', 'child', 'preload.ts')

/** Longest wait for a service to be ready or to end, in milliseconds, on a busy machine. */
const PATIENCE = 120_000

/** A process of a service, from its start to its end. */
export interface Life {
  readonly service: ServiceName
  /** The name under which it exports. */
  readonly instance: string
  /** Time of `performance.now()` when it was killed. */
  killedAt?: number
  /** Memory in use, in the order it was measured. */
  readonly memory: Memory[]
  /** Spans at its end; absent when it was killed, and without tracing. */
  end?: SpanCounts
  /** What must not happen: exceptions, warnings of Node, an unexpected end. */
  readonly faults: string[]
  /** Errors that telemetry reported. */
  readonly failures: string[]
}

/** A service of the shop in a process of its own, which can be killed and started again. */
export class Service {
  readonly name: ServiceName
  readonly lives: Life[] = []
  private readonly env: Readonly<Record<string, string>>
  private readonly said: string[] = []
  private readonly questions = new Map<number, (standing?: Standing) => void>()
  private child: ChildProcess | undefined
  private port = 0
  private asked = 0

  constructor(name: ServiceName, env: Readonly<Record<string, string>>) {
    this.name = name
    this.env = env
  }

  /** Where it listens. */
  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** @param clock milliseconds by which its clock is wrong */
  async start(clock = 0): Promise<void> {
    this.port ||= await freePort()
    const life: Life = {
      service: this.name,
      instance: `${this.name}-${this.lives.length + 1}`,
      memory: [],
      faults: [],
      failures: [],
    }
    this.lives.push(life)
    const child = spawn(
      process.execPath,
      [...FROM_SOURCE, '--require', PRELOAD, join(SHOP, 'src', `${this.name}.ts`)],
      {
        cwd: SHOP,
        env: {
          ...process.env,
          ...this.env,
          PORT: String(this.port),
          SOAK_CLOCK: String(clock),
          OTEL_EXPORTER_OTLP_HEADERS: `x-soak-instance=${life.instance}`,
        },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        // Ctrl-C is for the soak, which ends the services in order.
        detached: true,
      },
    )
    this.child = child
    const forget = onProcessEnd(() => void child.kill('SIGKILL'))
    child.once('exit', (code, signal) => {
      forget()
      for (const answer of this.questions.values()) answer()
      this.questions.clear()
      if (code !== 0 && life.killedAt === undefined) life.faults.push(`ended with ${code ?? signal}`)
    })
    child.on('message', (standing: Standing) => {
      this.questions.get(standing.id)?.(standing)
      this.questions.delete(standing.id)
    })
    await this.untilReady(child, life)
  }

  get pid(): number | undefined {
    return this.child?.pid
  }

  /** Undefined when it ends before it answers. */
  async ask(
    question: { readonly clock: number } | { readonly standing: true },
  ): Promise<Standing | undefined> {
    const { child } = this
    if (!child?.connected) return undefined
    const id = (this.asked += 1)
    return new Promise(resolve => {
      this.questions.set(id, resolve)
      child.send({ id, ...question } satisfies Question, () => {})
    })
  }

  /** Asks for the memory, and notes it. */
  async measure(): Promise<void> {
    const life = this.lives.at(-1)
    const standing = await this.ask({ standing: true })
    if (standing) life?.memory.push(standing.memory)
  }

  async kill(): Promise<void> {
    const life = this.lives.at(-1)
    if (life) life.killedAt = performance.now()
    await this.end('SIGKILL')
  }

  /** Ends in order, as on a deployment. */
  async stop(): Promise<void> {
    const { child } = this
    const life = this.lives.at(-1)
    if (!child) return
    const timer = setTimeout(() => {
      life?.faults.push(`did not end within ${PATIENCE} ms of SIGTERM`)
      child.kill('SIGKILL')
    }, PATIENCE)
    await this.end('SIGTERM')
    clearTimeout(timer)
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    // Its last lines come before this.
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }

  private untilReady(child: ChildProcess, life: Life): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.failure('was not ready in time')), PATIENCE)
      child.once('error', reject)
      child.once('close', () => {
        clearTimeout(timer)
        reject(this.failure('ended before it was ready'))
      })
      const read = (line: string): void => {
        if (line.startsWith(MARK)) note(life, JSON.parse(line.slice(MARK.length)) as Notice)
        else this.said.push(line)
        if (this.said.length > 40) this.said.shift()
        if (!/ listens on | consumes /.test(line)) return
        clearTimeout(timer)
        resolve()
      }
      for (const stream of [child.stdout, child.stderr])
        if (stream) createInterface({ input: stream }).on('line', read)
    })
  }

  private failure(what: string): Error {
    return new Error([`${this.name} ${what}:`, ...this.said.slice(-8)].join('\n  '))
  }
}

function note(life: Life, { fault, failure, end }: Notice): void {
  if (fault !== undefined) life.faults.push(fault)
  if (failure !== undefined) life.failures.push(failure)
  if (end) life.end = end
}
