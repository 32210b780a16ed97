import type { SpanContext } from '@opentelemetry/api'

import type { ReadableSpan } from './types.ts'

/** The changes in a copy of a span. */
export type SpanChanges = {
  -readonly [Part in 'name' | 'attributes' | 'events' | 'links' | 'status']?: ReadableSpan[Part]
} & { context?: SpanContext }

/** A copy of an ended span with changes: the span itself belongs to its creator. */
export function copySpan(span: ReadableSpan, changes: SpanChanges): ReadableSpan {
  const { context = span.spanContext(), ...parts } = changes
  return {
    name: span.name,
    kind: span.kind,
    spanContext: () => context,
    ...(span.parentSpanContext && { parentSpanContext: span.parentSpanContext }),
    startTime: span.startTime,
    endTime: span.endTime,
    status: span.status,
    attributes: span.attributes,
    links: span.links,
    events: span.events,
    duration: span.duration,
    ended: span.ended,
    resource: span.resource,
    instrumentationScope: span.instrumentationScope,
    droppedAttributesCount: span.droppedAttributesCount,
    droppedEventsCount: span.droppedEventsCount,
    droppedLinksCount: span.droppedLinksCount,
    ...(span.isTraceIdRandom !== undefined && { isTraceIdRandom: span.isTraceIdRandom }),
    ...parts,
  }
}
