// Imported from its file, because the rest of the package needs Node.
import { printTrace } from '../../../sdk/src/export/console/printer.ts'
import type { TraceSpan } from '../../../sdk/src/export/console/span.ts'
import type { SpanNode } from '../../../sdk/src/export/console/tree.ts'
import type { Span, Trace } from '../../src/model/trace.ts'
import { copyText } from '../parts/copy.ts'
import { app } from '../state/app.ts'

/** Copies the open trace as the tree that the terminal shows. */
export async function copyTree(): Promise<void> {
  const { open } = app.get()
  if (open) await copyText(treeTextOf(open.trace), 'Text')
}

/** A trace as the terminal shows it. */
function treeTextOf(trace: Trace): string {
  const { traceId } = trace
  const spans = trace.spans.map(span => printedForm(trace, span))
  const nodes = new Map<Span, SpanNode & { children: SpanNode[] }>()
  for (const [index, span] of trace.spans.entries()) {
    const node = { span: spans[index] as TraceSpan, children: [] }
    nodes.set(span, node)
    if (span.parent) nodes.get(span.parent)?.children.push(node)
  }
  const roots = trace.roots.flatMap(root => nodes.get(root) ?? [])
  return `${printTrace({ traceId, spans, roots }, { width: 120 })}\n`
}

function printedForm(trace: Trace, span: Span): TraceSpan {
  return {
    traceId: trace.traceId,
    spanId: span.id,
    parentSpanId: span.parentId,
    service: span.service,
    kind: span.kind,
    name: span.name,
    start: trace.start + span.start,
    end: trace.start + span.end,
    failed: span.failed,
    message: span.message,
    attributes: span.attributes,
    links: span.links,
  }
}
