import {
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  ProxyTracerProvider,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
} from '@opentelemetry/api'

import { reportFailure } from './guard.ts'

// A span may come from any SDK, or from another instrumentation: all writes to and reads of spans go through here.

type Writing =
  | 'setAttribute'
  | 'setAttributes'
  | 'addEvent'
  | 'recordException'
  | 'setStatus'
  | 'updateName'
  | 'end'

/** Writes to a span. Never throws. */
export function writeTo<Method extends Writing>(
  span: Span,
  method: Method,
  ...args: Parameters<Span[Method]>
): void {
  try {
    ;(span[method] as (...given: Parameters<Span[Method]>) => unknown)(...args)
  } catch (error) {
    reportFailure(`${method}() of a span`, error)
  }
}

/** True when data written to a span is recorded. Never throws. */
export function isRecording(span: Span | undefined): span is Span {
  try {
    return span?.isRecording() === true
  } catch (error) {
    reportFailure('isRecording() of a span', error)
    return false
  }
}

/** The ids of a span; invalid ones when it has none, or throws when asked. */
export function spanContextOf(span: Span | undefined): SpanContext {
  try {
    return span?.spanContext() ?? INVALID_SPAN_CONTEXT
  } catch (error) {
    reportFailure('spanContext() of a span', error)
    return INVALID_SPAN_CONTEXT
  }
}

/** The ids of the span in a context; undefined when the context belongs to no trace. Never throws. */
export function traceOf(context: Context): SpanContext | undefined {
  try {
    const spanContext = trace.getSpan(context)?.spanContext()
    return spanContext && isSpanContextValid(spanContext) ? spanContext : undefined
  } catch (error) {
    reportFailure('spanContext() of a span', error)
    return undefined
  }
}

/**
 * True when another instrumentation has started a client span for the request that is about to be sent: the active span
 * is a client's, and the fields to send contain its id.
 * @param sent the field with the ids, such as `traceparent`
 */
export function isSentByActiveSpan(sent: unknown): boolean {
  const span = trace.getActiveSpan()
  if ((span as { kind?: unknown } | undefined)?.kind !== SpanKind.CLIENT) return false
  return typeof sent === 'string' && sent.includes(spanContextOf(span).spanId)
}

const NO_PROVIDER = new ProxyTracerProvider().getDelegate()

/** Whether an SDK is registered with the API. */
export function hasProvider(): boolean {
  const provider = trace.getTracerProvider() as Partial<ProxyTracerProvider>
  return (provider.getDelegate?.() ?? provider) !== NO_PROVIDER
}
