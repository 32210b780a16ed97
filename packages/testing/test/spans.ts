import { context, SpanKind, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api'
import type { SpanRecorder } from '@spanwright/testing'

/** Creates a span with the spans of a function below it. */
export function makeSpan(
  recorder: SpanRecorder,
  name: string,
  {
    kind = SpanKind.INTERNAL,
    attributes = {},
    error,
  }: { kind?: SpanKind; attributes?: Attributes; error?: string } = {},
  beneath: (span: Span) => void = () => {},
): Span {
  const span = recorder.tracerProvider.getTracer('test').startSpan(name, { kind, attributes })
  context.with(trace.setSpan(context.active(), span), () => beneath(span))
  if (error !== undefined) {
    span.setAttribute('error.type', error)
    span.setStatus({ code: SpanStatusCode.ERROR, message: `failed with ${error}` })
  }
  span.end()
  return span
}

/** A request that queries a database twice and sends a message. */
export function makeOrderTrace(recorder: SpanRecorder): void {
  makeSpan(recorder, 'POST /orders', { kind: SpanKind.SERVER }, () => {
    makeSpan(recorder, 'SELECT stock', { kind: SpanKind.CLIENT })
    makeSpan(recorder, 'INSERT orders', { kind: SpanKind.CLIENT, error: '23505' })
    makeSpan(recorder, 'send orders', { kind: SpanKind.PRODUCER }, () => {
      makeSpan(recorder, 'encode')
    })
  })
}

/** The message of the error that a function throws. */
export function failureOf(work: () => void): string {
  try {
    work()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('did not fail')
}
