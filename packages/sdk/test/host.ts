import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import type { SpanCounts, StartTracingOptions, TracingReport } from '../src/index.ts'

/** What a process is to trace. */
export interface Order {
  readonly variables: Readonly<Record<string, string>>
  readonly options: StartTracingOptions
  /** Names of spans that are made one after the other, and whether they are flushed then. */
  readonly bursts: readonly { readonly spans: readonly string[]; readonly flush?: boolean }[]
}

/** What came of it. */
export interface Answer {
  readonly counts: SpanCounts
  /** As it was before the shutdown. */
  readonly report: TracingReport
  /** What was said to `diag`. */
  readonly said: readonly string[]
  /** Milliseconds from the start to the end of the shutdown. */
  readonly duration: number
}

export const RUN_FROM_SOURCE: readonly string[] = ['--import', 'tsx', '--conditions=@spanwright/source']

/** A process that traces what it is told to, one order after the other. */
export interface Host extends AsyncDisposable {
  run(order: Partial<Order>): Promise<Answer>
}

export function startHost(): Host {
  const child: ChildProcess = fork(join(__dirname, 'child.ts'), {
    execArgv: [...RUN_FROM_SOURCE],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit')
  return {
    async run({ variables = {}, options = {}, bursts = [{ spans: ['one'] }] }) {
      child.send({ variables, options, bursts })
      const [answer] = (await Promise.race([
        once(child, 'message'),
        gone.then(([code]) => {
          throw new Error(`the process ended with ${code}`)
        }),
      ])) as [Answer]
      return answer
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill('SIGKILL')
      await gone
    },
  }
}
