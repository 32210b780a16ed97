import type { Trace } from '@spanwright/sdk'

/** What is wrong with a trace, a line each; nothing when it has one root and every parent is known. */
export function gapsOf({ spans, roots }: Trace): string[] {
  const known = new Set(spans.map(span => span.spanId))
  const orphans = spans.filter(({ parentSpanId }) => parentSpanId !== undefined && !known.has(parentSpanId))
  return [
    ...orphans.map(span => `the parent of ${span.service} ${span.kind} ${span.name} is missing`),
    ...(roots.length - orphans.length === 1 ? [] : [`${roots.length - orphans.length} roots instead of one`]),
  ]
}
