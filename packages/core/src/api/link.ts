import type { Attributes, Link, Span, SpanContext } from '@opentelemetry/api'
import { isSpanContextValid, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'

import { reportFailure } from '../host/guard.ts'
import { CARRIER_GETTER } from './carrier.ts'

/**
 * Creates a link to the span that a piece of work came from, for work with many origins or with an origin long ago: a
 * batch, a queued job, a retry. Never throws.
 * @param origin the carrier the context was written to (headers of a request or a message, as strings or bytes; a `Map`
 * or `Headers`; a job record), read with the global propagator; or the span itself
 * @param attributes attributes of the link. Default: none
 * @returns undefined when the origin has no valid trace context; `withSpan()` ignores undefined in `links`
 */
export function linkTo(origin: object | undefined, attributes?: Attributes): Link | undefined {
  try {
    const context = isSpan(origin) ? origin.spanContext() : readContext(origin)
    if (!context || !isSpanContextValid(context)) return undefined
    return attributes ? { context, attributes: { ...attributes } } : { context }
  } catch (error) {
    reportFailure('linking to another span', error)
    return undefined
  }
}

function isSpan(origin: unknown): origin is Span {
  return typeof (origin as Partial<Span> | null | undefined)?.spanContext === 'function'
}

function readContext(origin: object | undefined): SpanContext | undefined {
  if (typeof origin !== 'object' || origin === null) return undefined
  // Not the active context: its trace and baggage are unrelated to where the work came from.
  return trace.getSpanContext(propagation.extract(ROOT_CONTEXT, origin, CARRIER_GETTER))
}
