import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

/** A span with the spans beneath it. */
export interface SpanNode {
  readonly span: ReadableSpan
  readonly children: SpanNode[]
}

/** Spans as trees: a span whose parent is not among them is a root. Siblings stand in the order they started. */
export function treesOf(spans: readonly ReadableSpan[]): SpanNode[] {
  const nodes = new Map(spans.map(span => [span.spanContext().spanId, { span, children: [] as SpanNode[] }]))
  const roots: SpanNode[] = []
  for (const node of [...nodes.values()].toSorted(byStart)) {
    const parent = nodes.get(node.span.parentSpanContext?.spanId ?? '')
    if (parent) parent.children.push(node)
    else roots.push(node)
  }
  return roots
}

function byStart(a: SpanNode, b: SpanNode): number {
  return a.span.startTime[0] - b.span.startTime[0] || a.span.startTime[1] - b.span.startTime[1]
}
