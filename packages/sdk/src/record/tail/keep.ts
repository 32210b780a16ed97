import type { Context, TraceState } from '@opentelemetry/api'
import { aBoolean, aRecordOf, type OptionRule } from '@spanwright/core/plugin'

import { millisecondsIn } from '../span/time.ts'
import type { ReadableSpan } from '../types.ts'
import { aDuration, type Duration, millisecondsOf } from '../../start/duration.ts'
import { aListOfRules, decide, firstMatch, type SamplingRule } from '../../sampling/rules.ts'
import { thresholdIn, withThreshold } from '../../sampling/threshold.ts'

/** Which local traces are kept once they have ended: the first of these that applies decides, in this order. */
export interface KeepOptions {
  /** Keeps those with a failed span. Default: true. */
  readonly errors?: boolean
  /** Keeps those whose first span took longer. Default: no limit. */
  readonly slowerThan?: Duration
  /** Asks the first rule that matches the first span, whose attributes are all known now. Default: none. */
  readonly rules?: readonly SamplingRule[]
  /** Share of the others that is kept, from 0 to 1. Default: 0. */
  readonly otherwise?: number
  /** The most spans held; beyond it the oldest traces are decided early. Default: 10 000. */
  readonly maxSpans?: number
  /** Time after which a trace is decided though it has not ended. Default: 60 s. */
  readonly maxAge?: Duration
}

/** Why a local trace was kept. */
export type KeepReason = 'error' | 'slow' | 'rule' | 'random'

/** How local traces were decided, since the start. */
export interface LocalTraceCounts {
  /** Traces kept, by the reason. */
  readonly kept: Readonly<Record<KeepReason, number>>
  readonly dropped: number
  /** How many of all these were decided before they ended, for lack of room or for their age. */
  readonly early: number
  /** Spans held now. */
  readonly held: number
}

/** What was decided about a local trace; the threshold stands for how likely it was. */
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

/** Makes the decision about whole local traces. */
export class KeepPolicy {
  private readonly options: KeepOptions
  private readonly slowerThan: number

  constructor(options: KeepOptions) {
    this.options = options
    this.slowerThan = options.slowerThan === undefined ? Infinity : millisecondsOf(options.slowerThan)
  }

  /**
   * @param root the first span, ended or, when it has to be decided early, not
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

/** The `tracestate` that says how likely a trace was kept; what an earlier sampler did counts too. */
export function adjusted(traceState: TraceState | undefined, { threshold }: Verdict): TraceState {
  const earlier = thresholdIn(traceState)
  const own = threshold ?? ALWAYS
  return withThreshold(traceState, earlier !== undefined && earlier > own ? earlier : own)
}
