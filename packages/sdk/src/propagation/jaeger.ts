import {
  type Context,
  isSpanContextValid,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  TraceFlags,
} from '@opentelemetry/api'

import { firstOf } from './carrier.ts'
import { isTracingSuppressed } from './suppressed.ts'
import { rememberOrigin } from '../sampling/trace-origin.ts'

const TRACE = 'uber-trace-id'
const BAGGAGE_PREFIX = 'uberctx-'
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
      setter.set(carrier, BAGGAGE_PREFIX + key, encodeURIComponent(value))
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
  const match = FIELDS.exec(decode(firstOf(carrier, getter, TRACE)?.trim() ?? ''))
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
  let baggage = propagation.getBaggage(context)
  for (const field of getter.keys(carrier)) {
    if (!field.toLowerCase().startsWith(BAGGAGE_PREFIX)) continue
    const value = firstOf(carrier, getter, field)
    if (value === undefined) continue
    baggage ??= propagation.createBaggage()
    baggage = baggage.setEntry(field.slice(BAGGAGE_PREFIX.length), { value: decode(value) })
  }
  return baggage ? propagation.setBaggage(context, baggage) : context
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
