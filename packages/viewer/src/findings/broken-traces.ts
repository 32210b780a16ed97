import type { Finding, Rule } from './finding.ts'
import { idsOf } from './spans.ts'
import { count, duration } from './words.ts'

/** A call that begins a trace while its process was handling a request: the context was lost between the two. */
export const lostContext: Rule = (trace, surroundings) =>
  trace.roots.flatMap((root): Finding[] => {
    if (root.parentId !== undefined || (root.kind !== 'CLIENT' && root.kind !== 'PRODUCER')) return []
    const request = surroundings.servedDuring(trace, root)
    if (request === undefined) return []
    return [
      {
        kind: 'lost-context',
        title: `${root.name} begins a trace of its own`,
        evidence: `${root.service} was serving ${request.name} (trace ${request.traceId.slice(0, 8)}…) when this call began, but the call has no parent.`,
        advice:
          'The context was lost on the way: look for work handed over by a queue, an event emitter or a callback made outside the request, and run it in context.with(). For work of its own, begin it in withSpan().',
        spanIds: [root.id],
      },
    ]
  })

/** Spans that name a parent which did not arrive. */
export const orphans: Rule = trace => {
  if (trace.orphans.length === 0) return []
  const parents = new Set(trace.orphans.map(span => span.parentId)).size
  const services = [...new Set(trace.orphans.map(span => span.service))].join(', ')
  return [
    {
      kind: 'orphans',
      title: `${count(parents, 'parent is', 'parents are')} missing`,
      evidence: `${count(trace.orphans.length, 'span')} of ${services} ${trace.orphans.length === 1 ? 'names a parent' : 'name parents'} that did not arrive.`,
      advice:
        'The span may still be open, was not sampled, or its process ended before it was exported. It may also belong to a service that exports elsewhere.',
      spanIds: idsOf(trace.orphans),
    },
  ]
}

/** Milliseconds: the end of a response and the end of its request are not observed at the same moment. */
const TOLERANCE = 1

/** Work that continued after the span it belongs to had ended. */
export const endedAfterParent: Rule = trace => {
  const late = trace.spans.filter(
    ({ kind, parent, process, end }) =>
      parent !== undefined &&
      kind !== 'CONSUMER' &&
      parent.process === process &&
      end > parent.end + TOLERANCE,
  )
  // The spans beneath a late one are late as well.
  const all = new Set(late)
  const topmost = late.filter(span => span.parent !== undefined && !all.has(span.parent))
  const [worst] = topmost.toSorted((one, other) => excessOf(other) - excessOf(one))
  if (worst?.parent === undefined) return []
  return [
    {
      kind: 'ended-after-parent',
      title: `${count(topmost.length, 'span')} ended after ${topmost.length === 1 ? 'its' : 'their'} parent`,
      evidence: `${worst.name} ended ${duration(excessOf(worst))} after ${worst.parent.name}, which it belongs to.`,
      advice:
        'Is an await missing? If the work is meant to go on by itself, give it a span that is linked and not a child, and handle its errors.',
      spanIds: idsOf(topmost),
    },
  ]
}

function excessOf({
  end,
  parent,
}: {
  readonly end: number
  readonly parent?: { readonly end: number } | undefined
}): number {
  return parent ? end - parent.end : 0
}
