import type { TraceSpan } from './span.ts'

/** A span with its children. */
export interface SpanNode {
  readonly span: TraceSpan
  readonly children: readonly SpanNode[]
}

/** The spans of one trace, as trees. */
export interface Trace {
  readonly traceId: string
  readonly spans: readonly TraceSpan[]
  /** One in a complete trace; a span whose parent did not arrive is a root too. */
  readonly roots: readonly SpanNode[]
}

/** Sorts spans into traces, in the order the traces began. */
export function tracesOf(spans: readonly TraceSpan[]): Trace[] {
  const traceIds = new Set(spans.map(span => span.traceId))
  return [...traceIds].map(traceId => traceOf(traceId, spans)).toSorted((a, b) => startOf(a) - startOf(b))
}

function traceOf(traceId: string, spans: readonly TraceSpan[]): Trace {
  const inOrder = spans.filter(span => span.traceId === traceId).toSorted((a, b) => a.start - b.start)
  const known = new Set(inOrder.map(span => span.spanId))
  const nodeOf = (span: TraceSpan): SpanNode => ({
    span,
    children: inOrder.filter(child => child.parentSpanId === span.spanId).map(nodeOf),
  })
  const isRoot = ({ parentSpanId }: TraceSpan): boolean =>
    parentSpanId === undefined || !known.has(parentSpanId)
  return { traceId, spans: inOrder, roots: inOrder.filter(isRoot).map(nodeOf) }
}

function startOf(trace: Trace): number {
  return trace.spans[0]?.start ?? 0
}
