import { once } from 'node:events'

import { metrics, trace } from '@opentelemetry/api'

import { startTracing } from '../src/index.ts'
import { collectDiag } from '@spanwright/test-kit'
import type { Order, Answer } from './host.ts'

/** Traces as instructed, outside of the test runner, whose modules cannot `import()` as the exporters do. */
async function carryOut({ options, bursts, isHeld, counter }: Order): Promise<Omit<Answer, 'said'>> {
  const tracing = startTracing({ flushOnExit: false, ...options })
  const started = performance.now()
  if (counter !== '') metrics.getMeter('app').createCounter(counter).add(1)
  for (const { spans, flush } of bursts) {
    for (const name of spans) trace.getTracer('test').startSpan(name).end()
    if (flush) await tracing.forceFlush()
  }
  if (isHeld) await once(process, 'message')
  const report = tracing.report()
  await tracing.shutdown()
  return { counts: tracing.counts(), report, duration: performance.now() - started }
}

async function answer(order: Order): Promise<void> {
  const before = process.env
  process.env = { ...before, ...order.variables }
  const { lines, stop } = collectDiag()
  try {
    process.send?.({ ...(await carryOut(order)), said: lines })
  } catch (error) {
    process.send?.({ refused: String(error), said: lines })
  } finally {
    stop()
    process.env = before
  }
}

process.on('message', (order: Order | 'go on') => {
  if (order !== 'go on') void answer(order)
})

process.send?.('ready')
