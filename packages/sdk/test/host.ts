import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { FROM_SOURCE } from '@spanwright/test-kit'

import type { SpanCounts, StartTracingOptions, TracingReport } from '../src/index.ts'

/** What a process must trace. */
export interface Order {
  readonly variables: Readonly<Record<string, string>>
  readonly options: StartTracingOptions
  /** Names of spans that are created one after the other, and whether they are then flushed. */
  readonly bursts: readonly { readonly spans: readonly string[]; readonly flush?: boolean }[]
  /** Name of a counter of the app that counts 1. */
  readonly counter: string
  /** Whether it then waits for a message before it continues. */
  readonly isHeld: boolean
}

/** The outcome of an order. */
export interface Answer {
  /** The error with which the set-up was refused; then all other fields are missing. */
  readonly refused?: string
  readonly counts: SpanCounts
  /** The report before the shutdown. */
  readonly report: TracingReport
  /** The messages to `diag`. */
  readonly said: readonly string[]
  /** Milliseconds from the start to the end of the shutdown. */
  readonly duration: number
}

/** A process that runs orders to trace, one after the other. */
export interface Host extends AsyncDisposable {
  /** @param meanwhile runs before tracing is shut down */
  run(order: Partial<Order>, meanwhile?: () => Promise<void>): Promise<Answer>
}

/** Starting a process takes seconds on a busy machine. */
export const PATIENCE = 60_000

/** @param missing packages that cannot be resolved, as if they were not installed */
export async function startHost(missing: readonly string[] = []): Promise<Host> {
  const child: ChildProcess = fork(join(__dirname, 'child.ts'), {
    execArgv: [
      ...FROM_SOURCE,
      ...(missing.length > 0 ? ['--require', `${__dirname}/missing-packages.ts`] : []),
    ],
    env: { ...process.env, MISSING_PACKAGES: missing.join(',') },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit')
  const died = gone.then(([code]): never => {
    throw new Error(`the process ended with ${code}`)
  })
  // Between two orders, the rejection would otherwise be unhandled.
  died.catch(() => {})
  await Promise.race([once(child, 'message'), died])
  return {
    async run({ variables = {}, options = {}, bursts = [{ spans: ['one'] }], counter = '' }, meanwhile) {
      // Metrics would be exported by default with an endpoint; most tests are about spans.
      const all = { OTEL_METRICS_EXPORTER: 'none', ...variables }
      child.send({ variables: all, options, bursts, counter, isHeld: meanwhile !== undefined })
      if (meanwhile) {
        await meanwhile()
        child.send('go on')
      }
      const [answer] = (await Promise.race([once(child, 'message'), died])) as [Answer]
      return answer
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill('SIGKILL')
      await gone
    },
  }
}
