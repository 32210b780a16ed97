import type { MetricData } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import type { SpanRecorder } from './recorder.ts'

/** What an assertion looks at: a recorder, some spans, or one. */
export type SpanSource = SpanRecorder | readonly ReadableSpan[] | ReadableSpan

/** What the convention check looks at: spans, or what `recorder.metrics()` gave. */
export type ConventionSource = SpanSource | readonly MetricData[]

/**
 * The finished spans of a source.
 * @throws TypeError when it is none
 */
export function spansOf(source: unknown): readonly ReadableSpan[] {
  if (isRecorder(source)) return source.spans()
  if (isSpan(source)) return [source]
  if (Array.isArray(source) && source.every(isSpan)) return source
  throw new TypeError(`expected what recordSpans() returned, a span or a list of spans; got ${typeof source}`)
}

/** The spans of a source that have not ended; only a recorder knows. */
export function openSpansOf(source: unknown): readonly ReadableSpan[] {
  return isRecorder(source) ? source.open() : []
}

/** True for what `recorder.metrics()` gave. */
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
