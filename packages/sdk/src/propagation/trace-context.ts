import {
  type Context,
  INVALID_SPANID,
  INVALID_TRACEID,
  isSpanContextValid,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
  TraceFlags,
} from '@opentelemetry/api'
import { contextWithSpan } from '@spanwright/core/plugin'

import { isTracingSuppressed } from './suppressed.ts'
import { joinedOf, singleOf, textOf } from './carrier.ts'
import { isTraceIdRandom, RANDOM_FLAG, rememberOrigin } from '../sampling/trace-origin.ts'
import { readTraceState } from './trace-state.ts'

const TRACEPARENT = 'traceparent'
const TRACESTATE = 'tracestate'
const KNOWN_FLAGS = TraceFlags.SAMPLED | RANDOM_FLAG

/** Options of {@link TraceContextPropagator}. */
export interface TraceContextOptions {
  /** Whether the ids of traces started in this process are random, like those of the SDK. Default: true. */
  readonly randomTraceIds?: boolean
}

/**
 * Propagates `traceparent` and `tracestate` as defined by W3C Trace Context level 2, and passes every case of the W3C
 * test suite: a `tracestate` with one invalid member is dropped as a whole, and the random flag is propagated.
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
    return contextWithSpan(rememberOrigin(context, spanContext), trace.wrapSpanContext(spanContext))
  }

  fields(): string[] {
    return [TRACEPARENT, TRACESTATE]
  }
}

/** Length of `version-traceid-spanid-flags`. */
const LENGTH = 55
const DASH = 0x2d

/** Reads a `traceparent` of this version, or of a later one with the same beginning. */
function readTraceparent(header: string): SpanContext | undefined {
  if (!isTraceparent(header)) return undefined
  const version = header.slice(0, 2)
  if (version === 'ff' || (version === '00' && header.length > LENGTH)) return undefined
  const traceId = header.slice(3, 35)
  const spanId = header.slice(36, 52)
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return undefined
  const traceFlags = Number.parseInt(header.slice(53, LENGTH), 16) & KNOWN_FLAGS
  return { traceId, spanId, traceFlags, isRemote: true }
}

function isTraceparent(text: string): boolean {
  for (let at = 0; at < LENGTH; at++) {
    const code = text.charCodeAt(at)
    if (at === 2 || at === 35 || at === 52 ? code !== DASH : !isHexDigit(code)) return false
  }
  return text.length === LENGTH || text.charCodeAt(LENGTH) === DASH
}

/** Lower case only; false after the end of a text. */
function isHexDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66)
}
