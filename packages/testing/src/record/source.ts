import type { MetricData } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import type { SpanRecorder } from './recorder.ts'

/** The input of an assertion: a recorder, an array of spans, or one span. */
export type SpanSource = SpanRecorder | readonly ReadableSpan[] | ReadableSpan

/** The input of the convention check: spans, or the result of `recorder.metrics()`. */
export type ConventionSource = SpanSource | readonly MetricData[]

/**
 * The finished spans of a source.
 * @throws TypeError when it is not a span source
 */
export function spansOf(source: unknown): readonly ReadableSpan[] {
  if (isRecorder(source)) return source.spans()
  if (isSpan(source)) return [source]
  if (Array.isArray(source) && source.every(isSpan)) return source
  throw new TypeError(`expected a recorder, a span or an array of spans; got ${typeof source}`)
}

/** The open spans of a source; only a recorder has any. */
export function openSpansOf(source: unknown): readonly ReadableSpan[] {
  return isRecorder(source) ? source.open() : []
}

/** True for a result of `recorder.metrics()`. */
export function isMetrics(source: unknown): source is readonly MetricData[] {
  return (
    Array.isArray(source) &&
    source.length > 0 &&
    source.every(item => typeof item?.descriptor?.name === 'string')
  )
}

function isRecorder(source: unknown): source is SpanRecorder {
  return typeof (source as Partial<SpanRecorder> | null)?.spans === 'function'
}

function isSpan(source: unknown): source is ReadableSpan {
  return typeof (source as Partial<ReadableSpan> | null)?.spanContext === 'function'
}
