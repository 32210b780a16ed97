import type { Finding, Rule } from './finding.ts'
import { errorOf, groupBy, idsOf, methodOf, resourceOf, sumOf, targetOf } from './spans.ts'
import { count, duration } from './words.ts'
import type { Span } from '../model/trace.ts'

/** Calls that failed and were repeated. */
export const retries: Rule = trace =>
  trace.spans.flatMap(parent =>
    [...retriesBeneath(parent)].map((tries): Finding => {
      const failed = tries.slice(0, -1)
      const last = tries.at(-1) as Span
      const errors = [...new Set(failed.map(errorOf))].join(', ')
      return {
        kind: 'retries',
        title: `${last.name} took ${tries.length} tries`,
        evidence: `${count(failed.length, 'try', 'tries')} failed (${errors}) and took ${duration(last.start - (tries[0] as Span).start)} with the waits between them, ${duration(sumOf(failed))} without. The last one ${last.failed ? 'failed too' : 'worked'}.`,
        advice: last.failed
          ? 'Look at why it fails: more tries did not help. Give up sooner, or answer without it.'
          : 'Look at why the first try failed, and check that the waits fit the time that the caller has.',
        spanIds: idsOf(tries),
      }
    }),
  )

/** Attempts of the same call among the children of a span: each except the last failed. */
export function retriesBeneath(parent: Span): Span[][] {
  if (parent.children.length < 2) return []
  const calls = parent.children.filter(child => child.kind === 'CLIENT' || child.kind === 'PRODUCER')
  const groups = groupBy(
    calls,
    call => `${call.kind} ${methodOf(call)} ${targetOf(call)} ${resourceOf(call)}`,
  )
  return [...groups.values()].flatMap(triesOf)
}

function triesOf(calls: readonly Span[]): Span[][] {
  const series: Span[][] = []
  let tries: Span[] = []
  for (const call of calls) {
    const last = tries.at(-1)
    if (last && !(last.failed && call.start >= last.end)) tries = []
    if (tries.push(call) === 2) series.push(tries)
  }
  return series
}
