import { setImmediate } from 'node:timers/promises'

import { SpanStatusCode, trace } from '@opentelemetry/api'
import { withSpan } from '@spanwright/core'

import { startTracing } from '../src/index.ts'

// A program whose standard error looks like a terminal, and that only creates two spans.
Object.defineProperty(process.stderr, 'isTTY', { value: process.argv[2] === 'terminal' })

const [, , , mode = '', flushTimeout = '5s'] = process.argv

const tracing = startTracing({ serviceName: 'shop', flushTimeout: flushTimeout as '5s' })

function order(number: number): void {
  withSpan(`order ${number}`, span => {
    if (mode === 'failing') span.setStatus({ code: SpanStatusCode.ERROR })
    trace
      .getTracer('test')
      .startSpan('reserve', { attributes: { 'test.tags': ['a', 'b'] } })
      .end()
  })
}

/** Exits while the parent of an exported span is still open. */
async function exitWithin(): Promise<void> {
  await withSpan('never ended', async () => {
    withSpan('order 1', () => {})
    while (tracing.counts().exporters[0]?.exported === 0) await setImmediate()
    process.exit()
  })
}

async function run(): Promise<void> {
  if (mode === 'exiting') await exitWithin()
  order(1)
  if (mode === 'stay') setInterval(() => {}, 1000)
  else if (mode === 'told') process.once('message', () => process.disconnect())
  else await tracing.forceFlush()
  order(2)
  process.send?.(tracing.counts())
  if (mode !== 'told') process.channel?.unref()
}

void run()
