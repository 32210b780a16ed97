import { trace } from '@opentelemetry/api'
import { withSpan } from '@spanwright/core'

import { startTracing } from '../src/index.ts'

// A program whose standard error is a terminal, as far as it knows, and that has nothing to do but two spans.
Object.defineProperty(process.stderr, 'isTTY', { value: process.argv[2] === 'terminal' })

const tracing = startTracing({ serviceName: 'shop' })

function order(number: number): void {
  withSpan(`order ${number}`, () =>
    trace
      .getTracer('test')
      .startSpan('reserve', { attributes: { 'test.tags': ['a', 'b'] } })
      .end(),
  )
}

async function run(): Promise<void> {
  order(1)
  if (process.argv[3] === 'stay') setInterval(() => {}, 1000)
  else await tracing.forceFlush()
  order(2)
  process.send?.(tracing.counts())
  process.channel?.unref()
}

void run()
