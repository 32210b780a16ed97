import { spansOf, type SpanSource } from '../record/source.ts'
import { type Impact, RULES } from './rules.ts'

/** The result of one rule of the instrumentation score. */
export interface RuleResult {
  /** Such as `SPA-004`. */
  readonly id: string
  readonly impact: Impact
  readonly description: string
  readonly passed: boolean
  /** What breaks the rule, one line each. */
  readonly faults: readonly string[]
}

/** The instrumentation score of recorded spans. */
export interface Score {
  /** From 0 to 100: the share of rules kept, weighted by their impact. */
  readonly score: number
  readonly category: 'Excellent' | 'Good' | 'Needs Improvement' | 'Poor'
  readonly results: readonly RuleResult[]
  /** Rules of the specification that spans cannot show; the score of a whole service may differ. */
  readonly unchecked: readonly string[]
}

const WEIGHTS: Readonly<Record<Impact, number>> = { Critical: 40, Important: 30, Normal: 20 }

const UNCHECKED = ['MET-001 to MET-006', 'LOG-001', 'LOG-002', 'SDK-001']

/**
 * Checks spans by the rules for spans and resources of the instrumentation score (SPA-001 to SPA-005, RES-001 to
 * RES-005; https://github.com/instrumentation-score/spec). The specification leaves the criterion of SPA-003 open; here
 * a name breaks it when it contains an id, a number, a literal or a query string.
 * @throws TypeError when the source is not a recorder, a span or an array of spans, or holds no span
 */
export function checkScore(source: SpanSource): Score {
  const spans = spansOf(source)
  if (spans.length === 0) throw new TypeError('expected at least one finished span to score; got none')
  const results = RULES.map(({ id, impact, description, findFaults }) => {
    const faults = [...new Set(findFaults(spans))]
    return { id, impact, description, passed: faults.length === 0, faults }
  })
  const score = (100 * weigh(results.filter(({ passed }) => passed))) / weigh(results)
  return { score, category: categoryOf(score), results, unchecked: UNCHECKED }
}

function weigh(results: readonly RuleResult[]): number {
  return results.reduce((sum, { impact }) => sum + WEIGHTS[impact], 0)
}

function categoryOf(score: number): Score['category'] {
  if (score >= 90) return 'Excellent'
  if (score >= 75) return 'Good'
  return score >= 50 ? 'Needs Improvement' : 'Poor'
}
