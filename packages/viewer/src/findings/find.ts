import { endedAfterParent, lostContext, orphans } from './broken-traces.ts'
import type { Finding, Rule, Surroundings } from './finding.ts'
import { oneAfterTheOther } from './one-after-the-other.ts'
import { repeatedQueries } from './repeated-queries.ts'
import { retries } from './retries.ts'
import { swallowedErrors } from './swallowed-errors.ts'
import { waiting } from './waiting.ts'
import type { Trace } from '../model/trace.ts'

/** Rules for broken traces come before those for slow ones. */
const RULES: readonly Rule[] = [
  lostContext,
  orphans,
  swallowedErrors,
  repeatedQueries,
  oneAfterTheOther,
  retries,
  waiting,
  endedAfterParent,
]

/** More findings of one kind than this are of no further use. */
const MAX_OF_A_KIND = 10

const NOTHING_ELSE_KNOWN: Surroundings = { servedDuring: () => undefined }

/** The findings of a trace. */
export function findingsOf(trace: Trace, surroundings: Surroundings = NOTHING_ELSE_KNOWN): Finding[] {
  return RULES.flatMap(rule => rule(trace, surroundings).slice(0, MAX_OF_A_KIND))
}
