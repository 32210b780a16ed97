import { type Context, createContextKey, type SpanContext } from '@opentelemetry/api'
import { contextWithValue } from '@spanwright/core/plugin'

/** Data received with a trace that another process started. */
interface TraceOrigin {
  readonly traceId: string
  readonly random: boolean
}

// SDK spans carry only the sampled flag, so other sender flags are kept in the context.
const ORIGIN = createContextKey('spanwright trace origin')

/** The sender's promise that the right-most 56 bits of the trace id are random (Trace Context level 2). */
export const RANDOM_FLAG = 0x02

/** Remembers whether the sender of a trace promised a random trace id. */
export function rememberOrigin(context: Context, { traceId, traceFlags }: SpanContext): Context {
  const origin: TraceOrigin = { traceId, random: (traceFlags & RANDOM_FLAG) !== 0 }
  return contextWithValue(context, ORIGIN, origin)
}

/** True when the trace id is known to be random: its sender declared it so, or it was created here. */
export function isTraceIdRandom(context: Context, spanContext: SpanContext, madeHere: boolean): boolean {
  const origin = context.getValue(ORIGIN) as TraceOrigin | undefined
  if (origin?.traceId === spanContext.traceId) return origin.random
  if ((spanContext.traceFlags & RANDOM_FLAG) !== 0) return true
  return madeHere && !spanContext.isRemote
}
