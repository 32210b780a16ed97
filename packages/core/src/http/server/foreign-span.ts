import {
  type Context,
  createContextKey,
  isSpanContextValid,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api'

import { isRecording, spanContextOf } from '../../host/span.ts'

// The key of getRPCMetadata() of @opentelemetry/core, by its registered symbol: core depends on the API alone.
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA')

/** What an HTTP instrumentation stores in the context so that a framework can set the route. */
interface RpcMetadata {
  readonly type?: unknown
  readonly span?: Span
  route?: string
}

/** The server span that another instrumentation has started for the request of a context. */
export interface ForeignSpan {
  readonly span: Span
  readonly metadata: RpcMetadata | undefined
}

/**
 * Finds the span of another HTTP instrumentation, such as OpenTelemetry's own. A span without ids doesn't count: that
 * instrumentation has no SDK, or traces only requests that have a parent.
 */
export function findForeignSpan(context: Context): ForeignSpan | undefined {
  const metadata = context.getValue(RPC_METADATA) as RpcMetadata | undefined
  const span = trace.getSpan(context)
  if (metadata?.type === 'http' && isSpanContextValid(spanContextOf(metadata.span))) {
    return { span: metadata.span as Span, metadata }
  }
  if (!isRecording(span)) return undefined
  return (span as { kind?: unknown }).kind === SpanKind.SERVER ? { span, metadata: undefined } : undefined
}
