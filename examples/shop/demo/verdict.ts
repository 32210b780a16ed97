import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { checkSpans, type ConventionSpan } from '@spanwright/testing'
import { gapsOf, type ReceivedSpan, type Trace, type TraceSpan } from '@spanwright/traces'

import type { Visit } from './requests.ts'

/** A span as a visit lists it. */
function labelOf({ service, kind, name }: TraceSpan): string {
  return `${service} ${kind} ${name}`
}

/** What a trace lacks of what its visit must leave behind; nothing when it is complete. */
export function faultsOf(visit: Visit, trace: Trace | undefined): string[] {
  if (!trace) return ['no trace arrived']
  const found = trace.spans.map(labelOf)
  const missing = difference(visit.spans, found).map(span => `missing: ${span}`)
  const unexpected = difference(found, visit.spans).map(span => `not expected: ${span}`)
  return [...gapsOf(trace), ...missing, ...unexpected]
}

/** What the semantic conventions find wrong with spans, a line each. */
export function conventionFaultsOf(spans: readonly ReceivedSpan[]): string[] {
  return checkSpans(spans.map(recordedForm)).map(({ subject, fault }) => `${subject}: ${fault}`)
}

/** A span as it was before it was sent. */
function recordedForm({ name, kind, failed, attributes, events, links }: ReceivedSpan): ConventionSpan {
  return {
    name,
    kind: SpanKind[kind as keyof typeof SpanKind],
    status: { code: failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: attributes as ConventionSpan['attributes'],
    events: events.map(event => ({
      ...event,
      attributes: event.attributes as ConventionSpan['attributes'],
      time: [0, 0],
    })),
    links: links.map(({ traceId, spanId, attributes: linked }) => ({
      context: { traceId, spanId, traceFlags: 1 },
      attributes: linked as ConventionSpan['attributes'],
    })),
  }
}

/** The items of one list that are not in another; what is there twice counts twice. */
function difference(all: readonly string[], others: readonly string[]): string[] {
  const left = [...others]
  return all.filter(item => {
    const index = left.indexOf(item)
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
}
