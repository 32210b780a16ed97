import type { Finding, Rule } from './finding.ts'
import { groupBy, idsOf, isQuery, sumOf, summaryOf } from './spans.ts'
import { duration, percent } from './words.ts'
import type { Span } from '../model/trace.ts'

/** How many times the same query is allowed beneath one parent. */
const MAX_REPEATS = 2

/** Connects, transactions and reads of a cursor are repeated by design. */
const NOT_COUNTED =
  /^(?:connect|pg\.connect|pg-pool\.connect|begin|start transaction|commit|rollback|savepoint|release|set|show|discard|fetch|move|close|declare|deallocate)\b/i

/** A query that is repeated beneath one parent, usually once for each row of another. */
export const repeatedQueries: Rule = trace =>
  trace.spans.flatMap(parent =>
    [...repeatedBeneath(parent)].map(([summary, queries]): Finding => {
      const total = sumOf(queries)
      return {
        kind: 'repeated-queries',
        title: `${summary} runs ${queries.length} times`,
        evidence: `${parent.name} sends the same query ${queries.length} times, ${duration(total)} together (${percent(total, parent.duration)} of its time).`,
        advice:
          'Ask for all rows at once: a JOIN, WHERE id = ANY($1), a batched INSERT, or a loader that collects the keys.',
        spanIds: idsOf(queries),
      }
    }),
  )

/** Repeated queries among the children of a span, by their summary. */
export function repeatedBeneath(parent: Span): Map<string, Span[]> {
  if (parent.children.length <= MAX_REPEATS) return new Map()
  const queries = parent.children.filter(
    child => isQuery(child) && !child.failed && !NOT_COUNTED.test(summaryOf(child)),
  )
  const groups = groupBy(queries, summaryOf)
  return new Map([...groups].filter(([, group]) => group.length > MAX_REPEATS))
}
