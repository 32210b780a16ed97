import {
  type BaggageEntry,
  type Context,
  isSpanContextValid,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  TraceFlags,
} from '@opentelemetry/api'

import { firstOf, textOf } from './carrier.ts'
import { isTracingSuppressed } from './suppressed.ts'
import { rememberOrigin } from '../sampling/trace-origin.ts'

const TRACE = 'uber-trace-id'
const BAGGAGE_PREFIX = 'uberctx-'
/** Maximum number of baggage characters read, the same as in W3C Baggage. */
const MOST_BAGGAGE = 8192
const FIELDS = /^([\da-f]{1,32}):([\da-f]{1,16}):[\da-f]*:([\da-f]{1,2})$/i

/** Propagates the headers of Jaeger's own clients, `uber-trace-id` and `uberctx-*`. */
export class JaegerPropagator implements TextMapPropagator {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    if (isTracingSuppressed(context)) return
    const spanContext = trace.getSpanContext(context)
    if (spanContext && isSpanContextValid(spanContext)) {
      const sampled = spanContext.traceFlags & TraceFlags.SAMPLED
      setter.set(carrier, TRACE, `${spanContext.traceId}:${spanContext.spanId}:0:0${sampled}`)
    }
    for (const [key, { value }] of propagation.getBaggage(context)?.getAllEntries() ?? []) {
      setter.set(carrier, BAGGAGE_PREFIX + encode(key), encode(value))
    }
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    return extractBaggage(extractTrace(context, carrier, getter), carrier, getter)
  }

  fields(): string[] {
    return [TRACE]
  }
}

function extractTrace(context: Context, carrier: unknown, getter: TextMapGetter): Context {
  const match = FIELDS.exec(decode(textOf(firstOf(carrier, getter, TRACE))))
  if (!match) return context
  const [, traceId = '', spanId = '', flags = ''] = match
  const spanContext = {
    traceId: traceId.toLowerCase().padStart(32, '0'),
    spanId: spanId.toLowerCase().padStart(16, '0'),
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  }
  if (!isSpanContextValid(spanContext)) return context
  return trace.setSpanContext(rememberOrigin(context, spanContext), spanContext)
}

function extractBaggage(context: Context, carrier: unknown, getter: TextMapGetter): Context {
  const entries: [string, BaggageEntry][] = []
  let room = MOST_BAGGAGE
  for (const field of getter.keys(carrier)) {
    if (!field.toLowerCase().startsWith(BAGGAGE_PREFIX)) continue
    const value = firstOf(carrier, getter, field)
    if (value === undefined) continue
    room -= field.length + value.length
    if (room < 0) break
    entries.push([decode(field.slice(BAGGAGE_PREFIX.length)), { value: decode(value) }])
  }
  if (entries.length === 0) return context
  const before = propagation.getBaggage(context)?.getAllEntries() ?? []
  const baggage = propagation.createBaggage(Object.fromEntries([...before, ...entries]))
  return propagation.setBaggage(context, baggage)
}

/** Percent-encodes characters not allowed in a header name or value. */
function encode(text: string): string {
  // An unpaired surrogate would make encodeURIComponent() throw; converting through UTF-8 replaces it.
  return encodeURIComponent(Buffer.from(text).toString()).replaceAll('(', '%28').replaceAll(')', '%29')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
