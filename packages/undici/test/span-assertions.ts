import { once } from 'node:events'
import { EventEmitter } from 'node:events'

import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { SpanRecorder } from '@spanwright/testing'

/** The one span that was recorded. Fails when there are none, or others, or one is still open. */
export function onlySpan(recorder: SpanRecorder): ReadableSpan {
  const [span, ...others] = recorder.spans()
  if (!span || others.length > 0 || recorder.open().length > 0) {
    const names = (spans: readonly ReadableSpan[]): string => spans.map(({ name }) => name).join(', ')
    throw new Error(
      `expected one span; ended: ${names(recorder.spans()) || 'none'}; open: ${names(recorder.open()) || 'none'}`,
    )
  }
  return span
}

/** Waits until a number of spans have ended. */
export async function spansEnded(recorder: SpanRecorder, count: number): Promise<ReadableSpan[]> {
  const ticks = new EventEmitter()
  while (recorder.spans().length < count) {
    setImmediate(() => ticks.emit('tick'))
    await once(ticks, 'tick')
  }
  return recorder.spans()
}

/** The header that a span writes. */
export function traceparentOf(span: ReadableSpan): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return `00-${traceId}-${spanId}-0${traceFlags}`
}

/** The code or the name of the failure, as the caller sees it. */
export async function failureOf(work: Promise<unknown>): Promise<{ code?: unknown; name?: unknown }> {
  const error: unknown = await work.then(
    () => {
      throw new Error('expected a failure')
    },
    (caught: unknown) => caught,
  )
  const { cause } = error as { cause?: unknown }
  return (cause ?? error) as { code?: unknown; name?: unknown }
}
