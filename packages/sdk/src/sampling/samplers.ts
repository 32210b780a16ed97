import {
  type Attributes,
  type Context,
  isSpanContextValid,
  type Link,
  type SpanContext,
  type SpanKind,
  trace,
  TraceFlags,
} from '@opentelemetry/api'
import { show } from '@spanwright/core/plugin'

import { isSamplingDenied } from '../propagation/b3.ts'
import { type Sampler, SamplingDecision, type SamplingResult } from '../record/types.ts'
import { passes, thresholdOf, withoutThreshold, withThreshold } from './threshold.ts'

const DROP: SamplingResult = { decision: SamplingDecision.NOT_RECORD }
const KEEP: SamplingResult = { decision: SamplingDecision.RECORD_AND_SAMPLED }

/** A sampler that declares what it reads in addition to the context; other data need not be built. */
interface ModestSampler extends Sampler {
  readonly looksAt: 'nothing' | 'id'
}

/** What a sampler reads in addition to the context. */
export function looksAt(sampler: Sampler): 'nothing' | 'id' | 'all' {
  const asked = sampler instanceof ParentBased ? sampler.root : sampler
  return (asked as Partial<ModestSampler>).looksAt ?? 'all'
}

class ConstantSampler implements ModestSampler {
  readonly looksAt = 'nothing'
  private readonly name: string
  private readonly result: SamplingResult

  constructor(name: string, result: SamplingResult) {
    this.name = name
    this.result = result
  }

  shouldSample(context: Context): SamplingResult {
    return unlikeParent(this.result, context)
  }

  toString(): string {
    return this.name
  }
}

/** A decision made independently of the parent's: the parent's threshold does not apply to it. */
function unlikeParent(result: SamplingResult, context: Context): SamplingResult {
  const traceState = trace.getSpanContext(context)?.traceState
  return traceState === undefined ? result : { ...result, traceState: withoutThreshold(traceState) }
}

/** Records every trace, regardless of the caller's decision. */
export function alwaysOn(): Sampler {
  return new ConstantSampler('alwaysOn', KEEP)
}

/** Records nothing. */
export function alwaysOff(): Sampler {
  return new ConstantSampler('alwaysOff', DROP)
}

/**
 * Records a share of the traces, the same ones in every process, and writes the threshold to `tracestate` (`ot=th:`),
 * so that a backend can tell how many traces each one represents. Follows a parent's decision.
 * @param share from 0 (none) to 1 (all)
 * @throws TypeError when the share is not a number from 0 to 1
 */
export function ratio(share: number): Sampler {
  return parentBased(shareOf(share))
}

/** Like {@link ratio}, but decides for every span regardless of its parent's decision. */
export function shareOf(share: number): Sampler {
  if (!(share >= 0 && share <= 1)) {
    throw new TypeError(`ratio(): share must be a number from 0 to 1; got ${show(share)}`)
  }
  const threshold = thresholdOf(share)
  const kept = threshold === undefined ? undefined : withThreshold(undefined, threshold)
  const sampler: ModestSampler = {
    looksAt: 'id',
    shouldSample: (context, traceId) => {
      const traceState = trace.getSpanContext(context)?.traceState
      if (threshold === undefined || kept === undefined || !passes(threshold, traceId, traceState)) {
        return unlikeParent(DROP, context)
      }
      const own = traceState === undefined ? kept : withThreshold(traceState, threshold)
      return { decision: KEEP.decision, traceState: own }
    },
    toString: () => `ratio(${share})`,
  }
  return sampler
}

/**
 * Limits the number of new traces recorded per second, evenly over time, with a token bucket that holds one second's
 * worth. Follows a parent's decision.
 * @param limit traces per second
 * @throws TypeError when the limit is not a number above 0
 */
export function perSecond(limit: number): Sampler {
  if (!(limit > 0 && Number.isFinite(limit))) {
    throw new TypeError(`perSecond(): limit must be a number above 0; got ${show(limit)}`)
  }
  const capacity = Math.max(1, limit)
  let tokens = capacity
  let filled = performance.now()
  const sampler: ModestSampler = {
    looksAt: 'nothing',
    shouldSample: () => {
      const now = performance.now()
      tokens = Math.min(capacity, tokens + ((now - filled) / 1000) * limit)
      filled = now
      if (tokens < 1) return DROP
      tokens -= 1
      return KEEP
    },
    toString: () => `perSecond(${limit})`,
  }
  return parentBased(sampler)
}

/**
 * Follows the decision of a span's parent; new traces are decided by another sampler. A caller's request not to be
 * sampled without a trace id (`b3: 0`) is followed too.
 */
export function parentBased(root: Sampler): Sampler {
  if (root instanceof ParentBased) return root
  return new ParentBased(root)
}

/**
 * How to treat a parent from another process: `follow` adopts its decision, `resample` decides as if the trace began
 * here.
 */
export type RemoteParents = 'follow' | 'resample'

/**
 * A sampler that treats parents from other processes as configured; one that does not follow parents is returned
 * unchanged.
 */
export function withRemoteParents(sampler: Sampler, remoteParents: RemoteParents = 'follow'): Sampler {
  return sampler instanceof ParentBased ? new ParentBased(sampler.root, remoteParents) : sampler
}

/** Delegates to another sampler only for new traces. */
export class ParentBased implements Sampler {
  readonly root: Sampler
  readonly resamples: boolean

  constructor(root: Sampler, remoteParents: RemoteParents = 'follow') {
    this.root = root
    this.resamples = remoteParents === 'resample'
  }

  /** True when a valid parent decides. */
  follows(parent: Pick<SpanContext, 'isRemote'>): boolean {
    return !this.resamples || parent.isRemote !== true
  }

  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    const parent = trace.getSpanContext(context)
    if (parent && isSpanContextValid(parent) && this.follows(parent)) {
      return (parent.traceFlags & TraceFlags.SAMPLED) === 0 ? DROP : KEEP
    }
    if (!this.resamples && isSamplingDenied(context)) return DROP
    const result = this.root.shouldSample(context, traceId, name, kind, attributes, links)
    return result.traceState === undefined ? unlikeParent(result, context) : result
  }

  toString(): string {
    return `parentBased(${this.root.toString()})${this.resamples ? ', remote parents resampled' : ''}`
  }
}
