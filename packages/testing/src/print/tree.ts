import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { compareStart } from '../record/store.ts'

/** A span with its children. */
export interface SpanNode {
  readonly span: ReadableSpan
  readonly children: SpanNode[]
}

/** Arranges spans as trees: a span whose parent is not among them is a root. Siblings are in the order they started. */
export function treesOf(spans: readonly ReadableSpan[]): SpanNode[] {
  const nodes = new Map(spans.map(span => [idOf(span), { span, children: [] as SpanNode[] }]))
  const roots: SpanNode[] = []
  for (const node of [...nodes.values()].toSorted((a, b) => compareStart(a.span, b.span))) {
    const parent = nodes.get(parentIdOf(node.span) ?? '')
    if (parent) parent.children.push(node)
    else roots.push(node)
  }
  return roots
}

/** A span id is unique only within its trace. */
function idOf(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext()
  return `${traceId} ${spanId}`
}

function parentIdOf({ parentSpanContext }: ReadableSpan): string | undefined {
  return parentSpanContext && `${parentSpanContext.traceId} ${parentSpanContext.spanId}`
}
