import {
  type Context,
  createContextKey,
  isSpanContextValid,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  TraceFlags,
} from '@opentelemetry/api'

import { firstOf, textOf } from './carrier.ts'
import { isTracingSuppressed } from './suppressed.ts'
import { rememberOrigin } from '../sampling/trace-origin.ts'

const SINGLE = 'b3'
const TRACE_ID = 'x-b3-traceid'
const SPAN_ID = 'x-b3-spanid'
const SAMPLED = 'x-b3-sampled'
const DEBUG = 'x-b3-flags'
const IDS = /^([\da-f]{32}|[\da-f]{16})-([\da-f]{16})(?:-([01d])(?:-[\da-f]{16})?)?$/
const DEBUGGED = createContextKey('spanwright b3 debug')
const DENIED = createContextKey('spanwright b3 denied')

/** A B3 trace context; without a state the sampling decision is left to the receiver. */
interface Incoming {
  readonly traceId: string
  readonly spanId: string
  readonly state: string | undefined
}

/**
 * Propagates Zipkin's B3 headers: reads both forms, the single one first, and writes one of them.
 * The debug flag is propagated; a "do not sample" without ids is kept for the samplers of this package.
 */
export class B3Propagator implements TextMapPropagator {
  private readonly form: 'single' | 'multi'

  /** @param form the format to write: the single header `b3`, or several `x-b3-…`. Default: 'single' */
  constructor(form: 'single' | 'multi' = 'single') {
    this.form = form
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const spanContext = trace.getSpanContext(context)
    if (!spanContext || !isSpanContextValid(spanContext) || isTracingSuppressed(context)) return
    const { traceId, spanId } = spanContext
    const debug = context.getValue(DEBUGGED) === traceId
    const sampled = (spanContext.traceFlags & TraceFlags.SAMPLED) === 0 ? '0' : '1'
    if (this.form === 'single') {
      setter.set(carrier, SINGLE, `${traceId}-${spanId}-${debug ? 'd' : sampled}`)
      return
    }
    setter.set(carrier, TRACE_ID, traceId)
    setter.set(carrier, SPAN_ID, spanId)
    // Debug implies a decision to sample, which must then not be sent separately.
    if (debug) setter.set(carrier, DEBUG, '1')
    else setter.set(carrier, SAMPLED, sampled)
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const single = textOf(firstOf(carrier, getter, SINGLE))
    const incoming = (single && readSingle(single)) || readMulti(carrier, getter)
    if (!incoming) {
      const denied = single === '0' || (!single && isDenied(textOf(firstOf(carrier, getter, SAMPLED))))
      return denied ? context.setValue(DENIED, true) : context
    }
    // When the sender deferred the decision, Zipkin decides on arrival; OpenTelemetry treats a missing decision as
    // unsampled.
    const debug = incoming.state === 'd'
    const traceFlags = debug || incoming.state === '1' ? TraceFlags.SAMPLED : TraceFlags.NONE
    const spanContext = {
      traceId: incoming.traceId.padStart(32, '0'),
      spanId: incoming.spanId,
      traceFlags,
      isRemote: true,
    }
    if (!isSpanContextValid(spanContext)) return context
    const remembered = rememberOrigin(context, spanContext)
    return trace.setSpanContext(
      debug ? remembered.setValue(DEBUGGED, spanContext.traceId) : remembered,
      spanContext,
    )
  }

  fields(): string[] {
    return this.form === 'single' ? [SINGLE] : [TRACE_ID, SPAN_ID, DEBUG, SAMPLED]
  }
}

/** True when a caller without a trace asked not to be sampled. */
export function isSamplingDenied(context: Context): boolean {
  return context.getValue(DENIED) === true
}

function readSingle(header: string): Incoming | undefined {
  const match = IDS.exec(header)
  if (!match) return undefined
  const [, traceId = '', spanId = '', state] = match
  return { traceId, spanId, state }
}

function readMulti(carrier: unknown, getter: TextMapGetter): Incoming | undefined {
  const ids = readSingle(
    `${textOf(firstOf(carrier, getter, TRACE_ID))}-${textOf(firstOf(carrier, getter, SPAN_ID))}`,
  )
  if (!ids) return undefined
  if (textOf(firstOf(carrier, getter, DEBUG)) === '1') return { ...ids, state: 'd' }
  const sampled = textOf(firstOf(carrier, getter, SAMPLED)).toLowerCase()
  return { ...ids, state: sampled === '1' || sampled === 'true' ? '1' : '0' }
}

function isDenied(sampled: string): boolean {
  const text = sampled.toLowerCase()
  return text === '0' || text === 'false'
}
