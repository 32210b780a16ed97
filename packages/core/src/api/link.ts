import type { Attributes, Link, Span, SpanContext, TextMapGetter } from '@opentelemetry/api'
import { isSpanContextValid, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'

import { reportFailure } from '../host/guard.ts'

/**
 * Creates a link to the span that a piece of work came from, for work with many origins or with an origin long ago: a
 * batch, a queued job, a retry. Never throws.
 * @param origin the carrier the context was written to (headers of a request or a message, as strings or bytes; a `Map`
 * or `Headers`; a job record), read with the global propagator; or the span itself
 * @param attributes attributes of the link. Default: none
 * @returns undefined when there is no trace to link to; `withSpan()` accepts that in `links`
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
  return trace.getSpanContext(propagation.extract(ROOT_CONTEXT, origin, CARRIER))
}

/** Reads any carrier a context may have been written to. */
const CARRIER: TextMapGetter<object> = {
  keys: carrier => (isLookup(carrier) ? [...carrier.keys()] : Object.keys(carrier)),
  get(carrier, field) {
    const value = isLookup(carrier) ? carrier.get(field) : valueOf(carrier, field)
    return Array.isArray(value) ? value.flatMap(item => textOf(item) ?? []) : textOf(value)
  },
}

interface Lookup {
  get(name: string): unknown
  keys(): Iterable<string>
}

function isLookup(carrier: object): carrier is Lookup {
  const { get, keys } = carrier as Partial<Lookup>
  return typeof get === 'function' && typeof keys === 'function'
}

/** Fields are written in lower case, but intermediaries may change the case. */
function valueOf(carrier: object, field: string): unknown {
  const record = carrier as Readonly<Record<string, unknown>>
  if (record[field] !== undefined) return record[field]
  const wanted = field.toLowerCase()
  const name = Object.keys(record).find(key => key.toLowerCase() === wanted)
  return name === undefined ? undefined : record[name]
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined
}
