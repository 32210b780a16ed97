import { type Attributes, type Context, SpanKind, trace, type TraceState } from '@opentelemetry/api'
import { anObjectWith, anyOf, aRecordOf, oneOf, type OptionRule, show } from '@spanwright/core/plugin'
import { ATTR_HTTP_ROUTE } from '@spanwright/core/semconv'

import { type Sampler, SamplingDecision, type SamplingResult } from '../record/types.ts'
import { aValueMatch, type Candidate, matches, RULE_KINDS, type SpanMatch } from './match.ts'
import { ParentBased, parentBased, shareOf } from './samplers.ts'

/** How to sample a trace: keep it, drop it, keep it with a probability from 0 to 1, or delegate to another sampler. */
export type Sampling = 'keep' | 'drop' | number | Sampler

/** A rule: which spans it matches, and how to sample traces that begin with one. */
export interface SamplingRule extends SpanMatch {
  readonly sample: Sampling
}

const aSampling: OptionRule = anyOf(
  oneOf('keep', 'drop'),
  { expected: 'a number from 0 to 1', accepts: v => typeof v === 'number' && v >= 0 && v <= 1 },
  anObjectWith('a sampler', 'shouldSample'),
)

const A_MATCH = aRecordOf({
  kind: oneOf(...RULE_KINDS),
  name: aValueMatch,
  attributes: {
    expected: 'an object of values to match',
    accepts: v =>
      typeof v === 'object' && v !== null && Object.values(v).every(item => aValueMatch.accepts(item)),
  },
  sample: aSampling,
})

export const aListOfRules: OptionRule = {
  expected: "an array of { kind?, name?, attributes?, sample: 'keep', 'drop' or a number from 0 to 1 }",
  accepts: v =>
    Array.isArray(v) && v.every(item => A_MATCH.accepts(item) && (item as SamplingRule).sample !== undefined),
}

/**
 * Creates a sampler that decides on new traces by the first rule that matches their first span. A rule on `http.route`
 * waits until the end of the request, when the route is known; the spans of that request are held until then. Follows a
 * parent's decision.
 * @param otherwise applied when no rule matches. Default: 'keep'
 * @throws TypeError when a rule is invalid
 */
export function rules(list: readonly SamplingRule[], otherwise: Sampling = 'keep'): Sampler {
  if (!aListOfRules.accepts(list)) {
    const wrong = Array.isArray(list) ? list.find(rule => !aListOfRules.accepts([rule])) : list
    throw new TypeError(`rules(): rules must be ${aListOfRules.expected}; got ${show(wrong)}`)
  }
  if (!aSampling.accepts(otherwise)) {
    throw new TypeError(`rules(): otherwise must be ${aSampling.expected}; got ${show(otherwise)}`)
  }
  return parentBased(new RuleSampler(list, otherwise))
}

const KEEP: SamplingResult = { decision: SamplingDecision.RECORD_AND_SAMPLED }
const DROP: SamplingResult = { decision: SamplingDecision.NOT_RECORD }

interface Case {
  readonly match: SpanMatch
  readonly sampler: Sampler
  readonly needsRoute: boolean
}

/** Evaluates the rules at the start of a trace and, when a route is needed, at its end. */
class RuleSampler implements Sampler {
  private readonly cases: readonly Case[]
  private readonly otherwise: Sampler
  /** Whether any rule waits for the route. */
  readonly needsRoute: boolean

  constructor(list: readonly SamplingRule[], otherwise: Sampling) {
    this.cases = list.map(({ sample, ...match }) => ({
      match,
      sampler: samplerOf(sample),
      needsRoute: match.attributes?.[ATTR_HTTP_ROUTE] !== undefined,
    }))
    this.otherwise = samplerOf(otherwise)
    this.needsRoute = this.cases.some(({ needsRoute }) => needsRoute)
  }

  shouldSample(...question: Parameters<Sampler['shouldSample']>): SamplingResult {
    const [, , name, kind, attributes] = question
    const candidate = { name, kind, attributes }
    // Recorded until the route is known; only then is it decided whether to keep the trace.
    if (this.mustWait(candidate)) return KEEP
    return this.samplerFor(candidate).shouldSample(...question)
  }

  /** True when the first rule that might match needs a route that is not known yet. */
  mustWait(candidate: Candidate): boolean {
    if (!this.needsRoute || candidate.kind !== SpanKind.SERVER) return false
    if (candidate.attributes[ATTR_HTTP_ROUTE] !== undefined) return false
    const first = this.cases.find(({ match, needsRoute }) => needsRoute || matches(match, candidate))
    return first?.needsRoute === true
  }

  /** Decides with all data known at the end. */
  decideLate(candidate: Candidate, context: Context, traceId: string): SamplingResult {
    const { name, kind, attributes } = candidate
    return this.samplerFor(candidate).shouldSample(context, traceId, name, kind, attributes, [])
  }

  toString(): string {
    return `rules(${this.cases.length})`
  }

  private samplerFor(candidate: Candidate): Sampler {
    return this.cases.find(({ match }) => matches(match, candidate))?.sampler ?? this.otherwise
  }
}

/** Rules that wait for routes. */
export interface LateRules {
  readonly sampler: RuleSampler
  /** Whether they also decide on traces started by another process. */
  readonly resamples: boolean
}

/** The rules of a sampler that wait for routes, if any. */
export function lateRulesOf(sampler: Sampler): LateRules | undefined {
  const [root, resamples] =
    sampler instanceof ParentBased ? [sampler.root, sampler.resamples] : [sampler, false]
  return root instanceof RuleSampler && root.needsRoute ? { sampler: root, resamples } : undefined
}

/** The sampling of the first matching rule, for a trace whose spans have all ended. */
export function firstMatch(list: readonly SamplingRule[], candidate: Candidate): Sampling | undefined {
  return list.find(rule => matches(rule, candidate))?.sample
}

function samplerOf(sample: Sampling): Sampler {
  if (sample === 'keep') return { shouldSample: () => KEEP }
  if (sample === 'drop') return { shouldSample: () => DROP }
  if (typeof sample === 'number') return shareOf(sample)
  // By the time a rule is evaluated, the parent does not decide.
  return sample instanceof ParentBased ? sample.root : sample
}

/** Decides on a trace: returns the threshold it was kept by, or that it was dropped. */
export function decide(
  sample: Sampling,
  candidate: Candidate,
  context: Context,
  traceId: string,
): { readonly isKept: boolean; readonly traceState: TraceState | undefined } {
  const attributes: Attributes = candidate.attributes
  const result = samplerOf(sample).shouldSample(
    context,
    traceId,
    candidate.name,
    candidate.kind,
    attributes,
    [],
  )
  return {
    isKept: result.decision === SamplingDecision.RECORD_AND_SAMPLED,
    traceState: result.traceState ?? trace.getSpanContext(context)?.traceState,
  }
}
