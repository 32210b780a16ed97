import {
  type Context,
  isSpanContextValid,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  TraceFlags,
} from '@opentelemetry/api'

import { isTracingSuppressed } from './suppressed.ts'
import { joinedOf, singleOf, textOf } from './carrier.ts'
import { isTraceIdRandom, RANDOM_FLAG, rememberOrigin } from '../sampling/trace-origin.ts'
import { readTraceState } from './trace-state.ts'

const TRACEPARENT = 'traceparent'
const TRACESTATE = 'tracestate'
const FIELDS = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/
const KNOWN_FLAGS = TraceFlags.SAMPLED | RANDOM_FLAG

/** Options of {@link TraceContextPropagator}. */
export interface TraceContextOptions {
  /** Whether the ids of traces started in this process are random, as those of the SDK are. Default: true. */
  readonly randomTraceIds?: boolean
}

/**
 * Propagates `traceparent` and `tracestate` as W3C Trace Context level 2 has it, and passes every case of
 * the W3C's own test suite: a `tracestate` with one wrong member is dropped whole, and the random flag
 * reaches the next process.
 */
export class TraceContextPropagator implements TextMapPropagator {
  private readonly randomTraceIds: boolean

  constructor({ randomTraceIds = true }: TraceContextOptions = {}) {
    this.randomTraceIds = randomTraceIds
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const spanContext = trace.getSpanContext(context)
    if (!spanContext || !isSpanContextValid(spanContext) || isTracingSuppressed(context)) return
    const random = isTraceIdRandom(context, spanContext, this.randomTraceIds) ? RANDOM_FLAG : 0
    const flags = (spanContext.traceFlags & TraceFlags.SAMPLED) | random
    setter.set(carrier, TRACEPARENT, `00-${spanContext.traceId}-${spanContext.spanId}-0${flags}`)
    const state = spanContext.traceState?.serialize()
    if (state) setter.set(carrier, TRACESTATE, state)
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const parent = readTraceparent(textOf(singleOf(carrier, getter, TRACEPARENT)))
    if (!parent) return context
    const state = joinedOf(carrier, getter, TRACESTATE)
    const traceState = state === undefined ? undefined : readTraceState(state)
    const spanContext: SpanContext = traceState ? { ...parent, traceState } : parent
    return trace.setSpanContext(rememberOrigin(context, spanContext), spanContext)
  }

  fields(): string[] {
    return [TRACEPARENT, TRACESTATE]
  }
}

/** Reads a `traceparent` of this version, or of a later one whose beginning looks the same. */
function readTraceparent(header: string): SpanContext | undefined {
  const match = FIELDS.exec(header)
  if (!match) return undefined
  const [, version, traceId = '', spanId = '', flags = '', rest] = match
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  const traceFlags = Number.parseInt(flags, 16) & KNOWN_FLAGS
  const spanContext = { traceId, spanId, traceFlags, isRemote: true }
  return isSpanContextValid(spanContext) ? spanContext : undefined
}
