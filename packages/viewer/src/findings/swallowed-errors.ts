import type { Finding, Rule } from './finding.ts'
import { retriesBeneath } from './retries.ts'
import { errorOf, statusCodeOf } from './spans.ts'
import type { Span } from '../model/trace.ts'

/** An error that no span above it shows: neither a failed span nor a refused request. */
export const swallowedErrors: Rule = trace => {
  const retried = new Set(trace.spans.flatMap(parent => retriesBeneath(parent).flat()))
  // Parents come before their children.
  const shown = new Set<Span>()
  return trace.spans.flatMap((span): Finding[] => {
    const { parent } = span
    const isShownAbove = parent !== undefined && shown.has(parent)
    if (isShownAbove || span.failed || statusCodeOf(span) >= 400) shown.add(span)
    if (!span.failed || parent === undefined || isShownAbove || retried.has(span)) return []
    // A request for something that may not exist isn't a failure of its caller.
    if (span.kind === 'CLIENT' && statusCodeOf(span) === 404) return []
    return [
      {
        kind: 'swallowed-error',
        title: `An error of ${span.name} was swallowed`,
        evidence: `It failed with ${errorOf(span)}, and ${parent.name}, which called it, ended as if nothing had happened.`,
        advice:
          'If the error is expected, say so where it is caught: an event or an attribute on the span above. If not, let it through.',
        spanIds: [span.id, parent.id],
      },
    ]
  })
}
