import { trace } from '@opentelemetry/api'

import { startTracing } from '../src/index.ts'
import { listenToDiag } from './diag.ts'
import type { Order, Answer } from './host.ts'

/** Traces as it is told to, outside of the test runner, whose modules cannot `import()` as the exporters do. */
async function carryOut({ variables, options, bursts }: Order): Promise<Answer> {
  const before = process.env
  process.env = { ...before, ...variables }
  const { lines, stop } = listenToDiag()
  const tracing = startTracing({ flushOnExit: false, ...options })
  const started = performance.now()
  for (const { spans, flush } of bursts) {
    for (const name of spans) trace.getTracer('test').startSpan(name).end()
    if (flush) await tracing.forceFlush()
  }
  const report = tracing.report()
  await tracing.shutdown()
  const duration = performance.now() - started
  stop()
  process.env = before
  return { counts: tracing.counts(), report, said: lines, duration }
}

process.on('message', (order: Order) => {
  carryOut(order).then(
    answer => process.send?.(answer),
    (error: unknown) => {
      throw error
    },
  )
})
