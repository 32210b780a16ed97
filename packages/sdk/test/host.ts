import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { FROM_SOURCE } from '@spanwright/test-kit'

import type { SpanCounts, StartTracingOptions, TracingReport } from '../src/index.ts'

/** What a process is to trace. */
export interface Order {
  readonly variables: Readonly<Record<string, string>>
  readonly options: StartTracingOptions
  /** Names of spans that are made one after the other, and whether they are flushed then. */
  readonly bursts: readonly { readonly spans: readonly string[]; readonly flush?: boolean }[]
  /** Name of a counter of the app that counts 1. */
  readonly counter: string
  /** Whether it goes on only when it is told to, after all that. */
  readonly isHeld: boolean
}

/** What came of it. */
export interface Answer {
  /** What the set-up was refused with; then there is nothing else. */
  readonly refused?: string
  readonly counts: SpanCounts
  /** As it was before the shutdown. */
  readonly report: TracingReport
  /** What was said to `diag`. */
  readonly said: readonly string[]
  /** Milliseconds from the start to the end of the shutdown. */
  readonly duration: number
}

/** A process that traces what it is told to, one order after the other. */
export interface Host extends AsyncDisposable {
  /** @param meanwhile what is done before tracing is shut down */
  run(order: Partial<Order>, meanwhile?: () => Promise<void>): Promise<Answer>
}

/** Starting one takes seconds on a busy machine. */
export const PATIENCE = 60_000

/** @param missing packages that are not to be found, as if they were not installed */
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
  // Nobody waits for it while nothing is asked.
  died.catch(() => {})
  await Promise.race([once(child, 'message'), died])
  return {
    async run({ variables = {}, options = {}, bursts = [{ spans: ['one'] }], counter = '' }, meanwhile) {
      // Metrics would be there by themselves with an endpoint; most tests are about spans.
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
