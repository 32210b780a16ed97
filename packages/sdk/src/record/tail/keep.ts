import type { Context, TraceState } from '@opentelemetry/api'
import { aBoolean, aRecordOf, type OptionRule } from '@spanwright/core/plugin'

import { millisecondsIn } from '../span/time.ts'
import type { ReadableSpan } from '../types.ts'
import { aDuration, type Duration, millisecondsOf } from '../../start/duration.ts'
import { aListOfRules, decide, firstMatch, type SamplingRule } from '../../sampling/rules.ts'
import { thresholdIn, withThreshold } from '../../sampling/threshold.ts'

/** Which local traces are kept once they have ended: the first option that applies decides, in this order. */
export interface KeepOptions {
  /** Whether to keep traces with a failed span. Default: true. */
  readonly errors?: boolean
  /** Keep traces whose first span took longer. Default: no limit. */
  readonly slowerThan?: Duration
  /** Rules for the first span, whose attributes are all known by then; the first match decides. Default: none. */
  readonly rules?: readonly SamplingRule[]
  /** Share of the other traces to keep, from 0 to 1. Default: 0. */
  readonly otherwise?: number
  /** Maximum number of spans held; beyond it the oldest traces are decided early. Default: 10,000. */
  readonly maxSpans?: number
  /** Time after which a trace is decided even if it has not ended. Default: 60 s. */
  readonly maxAge?: Duration
}

/** Why a local trace was kept. */
export type KeepReason = 'error' | 'slow' | 'rule' | 'random'

/** Number of decisions on local traces since the start. */
export interface LocalTraceCounts {
  /** Traces kept, by reason. */
  readonly kept: Readonly<Record<KeepReason, number>>
  readonly dropped: number
  /** Traces decided before they ended, because of a limit on spans, bytes or age. */
  readonly early: number
  /** Spans currently held. */
  readonly held: number
}

/** The decision on a local trace; the threshold encodes its probability. */
export interface Verdict {
  readonly isKept: boolean
  readonly reason?: KeepReason
  readonly threshold?: string | undefined
}

const aCount: OptionRule = {
  expected: 'a whole number above 0',
  accepts: value => Number.isInteger(value) && (value as number) > 0,
}

export const someKeepOptions: OptionRule = aRecordOf({
  errors: aBoolean,
  slowerThan: aDuration,
  rules: aListOfRules,
  otherwise: {
    expected: 'a number from 0 to 1',
    accepts: value => typeof value === 'number' && value >= 0 && value <= 1,
  },
  maxSpans: aCount,
  maxAge: aDuration,
})

const ALWAYS = '0'.repeat(14)

/** Decides on complete local traces. */
export class KeepPolicy {
  private readonly options: KeepOptions
  private readonly slowerThan: number

  constructor(options: KeepOptions) {
    this.options = options
    this.slowerThan = options.slowerThan === undefined ? Infinity : millisecondsOf(options.slowerThan)
  }

  /**
   * @param root the first span, which may be open when the decision is made early
   * @param hasFailed whether a span of the trace has failed so far
   * @param age milliseconds since it began
   */
  decide(root: ReadableSpan, hasFailed: boolean, context: Context, age: number): Verdict {
    const { errors = true, rules = [], otherwise = 0 } = this.options
    if (errors && hasFailed) return { isKept: true, reason: 'error' }
    const duration = root.ended ? millisecondsIn(root.duration) : age
    if (duration > this.slowerThan) return { isKept: true, reason: 'slow' }
    const { traceId } = root.spanContext()
    const sample = firstMatch(rules, root)
    const { isKept, traceState } = decide(sample ?? otherwise, root, context, traceId)
    if (!isKept) return { isKept }
    return { isKept, reason: sample === undefined ? 'random' : 'rule', threshold: thresholdIn(traceState) }
  }
}

/** The `tracestate` with the probability that a trace was kept, including the effect of an earlier sampler. */
export function adjusted(traceState: TraceState | undefined, { threshold }: Verdict): TraceState {
  const earlier = thresholdIn(traceState)
  const own = threshold ?? ALWAYS
  return withThreshold(traceState, earlier !== undefined && earlier > own ? earlier : own)
}
