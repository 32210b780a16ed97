import { type Context, ROOT_CONTEXT, type SpanContext, SpanStatusCode, trace } from '@opentelemetry/api'
import { say } from '@spanwright/core/plugin'
import { ATTR_KEEP_REASON } from '@spanwright/core/semconv'

import { adjusted, type KeepPolicy, type KeepReason, type LocalTraceCounts, type Verdict } from './keep.ts'
import type { SpanSink } from '../recorder.ts'
import { type ReadableSpan, type RecordedSpan, SamplingDecision } from '../types.ts'
import type { EndedSpan } from '../../export/batch.ts'
import { EncodedSpan } from '../otlp/encoded-span.ts'
import { encodeEarly } from '../otlp/span.ts'
import { Writer } from '../otlp/writer.ts'
import { isSampled, type Pipeline } from '../pipeline.ts'
import type { LateRules } from '../../sampling/rules.ts'
import { copySpan } from '../span-copy.ts'
import { thresholdIn } from '../../sampling/threshold.ts'

/** Initial buffer size of a local trace, in bytes. */
const FIRST_BUFFER = 1024

/** Limits of held spans. */
export interface HoldLimits {
  readonly maxSpans: number
  /** Maximum bytes of encoded spans. */
  readonly maxBytes: number
  /** In milliseconds. */
  readonly maxAge: number
}

/** The part of a trace in this process, beneath one span whose parent isn't in this process. */
interface LocalTrace {
  readonly root: RecordedSpan
  readonly context: Context
  readonly began: number
  /** Whether the sampler's late rules still have to be evaluated. */
  readonly isProvisional: boolean
  /** Ended spans: encoded, unless an exporter needs objects. */
  spans: EndedSpan[]
  bytes: number
  writer: Writer | undefined
  hasFailed: boolean
  verdict: Verdict | undefined
}

/** Holds the spans of local traces until their first span has ended, then passes on all or none of them. */
export class LocalTraces implements SpanSink {
  private readonly next: Pipeline
  private readonly rules: LateRules | undefined
  private readonly policy: KeepPolicy | undefined
  private readonly limits: HoldLimits
  // Keyed by the span context object, which span wrappers pass through: nothing long-lived holds a span.
  private readonly traces = new WeakMap<SpanContext, LocalTrace>()
  /** Oldest first. */
  private readonly open = new Set<LocalTrace>()
  private readonly kept: Record<KeepReason, number> = { error: 0, slow: 0, rule: 0, random: 0 }
  private dropped = 0
  private early = 0
  private held = 0
  private heldBytes = 0
  private timer: NodeJS.Timeout | undefined

  constructor(
    next: Pipeline,
    rules: LateRules | undefined,
    policy: KeepPolicy | undefined,
    limits: HoldLimits,
  ) {
    this.next = next
    this.rules = rules
    this.policy = policy
    this.limits = limits
  }

  get keepsObjects(): boolean {
    return this.next.keepsObjects
  }

  refuse(): void {
    this.next.refuse()
  }

  onStart(span: RecordedSpan, parentContext: Context): void {
    this.next.onStart()
    const parent = trace.getSpanContext(parentContext)
    const sameTrace = parent?.traceId === span.spanContext().traceId
    const known = parent && sameTrace && this.traces.get(parent)
    const local =
      known || (sameTrace && parent.isRemote !== true ? undefined : this.begin(span, parentContext))
    if (local) this.traces.set(span.spanContext(), local)
  }

  onEnd(span: ReadableSpan): void {
    const local = this.traces.get(span.spanContext())
    if (!local) {
      this.next.onEnd(span)
      return
    }
    if (span.status.code === SpanStatusCode.ERROR) local.hasFailed = true
    const isRoot = span.spanContext() === local.root.spanContext()
    if (isRoot && !local.verdict) this.settle(local)
    if (local.verdict) this.pass(span, local.verdict, isRoot)
    else this.hold(span, local)
  }

  async forceFlush(): Promise<void> {
    await this.next.forceFlush()
  }

  async shutdown(): Promise<void> {
    this.settleAll()
    clearTimeout(this.timer)
    await this.next.shutdown()
  }

  /** Decides all held traces, for example when the process ends. */
  settleAll(): void {
    for (const local of this.open) this.settle(local)
  }

  counts(): LocalTraceCounts {
    return { kept: { ...this.kept }, dropped: this.dropped, early: this.early, held: this.held }
  }

  private hold(span: ReadableSpan, local: LocalTrace): void {
    if (!isSampled(span)) {
      this.next.onEnd(span)
      return
    }
    if (this.next.keepsObjects) local.spans.push(span)
    else {
      local.writer ??= new Writer(FIRST_BUFFER)
      const encoded = encodeEarly(local.writer, span, this.next.redactor)
      if (!encoded) {
        this.next.refuseEnded()
        return
      }
      local.spans.push(encoded)
      local.bytes += encoded.fields.length
      this.heldBytes += encoded.fields.length
    }
    this.held += 1
    this.makeRoom()
  }

  private begin(root: RecordedSpan, parentContext: Context): LocalTrace | undefined {
    const isProvisional = this.isProvisional(root)
    if (!isProvisional && !this.policy) return undefined
    const local: LocalTrace = {
      root,
      // What a sampler asked at the end may look at, with the trace as it came.
      context: isProvisional ? ROOT_CONTEXT : parentContext,
      began: performance.now(),
      isProvisional,
      spans: [],
      bytes: 0,
      writer: undefined,
      hasFailed: false,
      verdict: undefined,
    }
    this.open.add(local)
    this.timer ??= setTimeout(() => this.settleOld(), this.limits.maxAge).unref()
    return local
  }

  private isProvisional(root: RecordedSpan): boolean {
    if (!this.rules || (root.parentSpanContext && !this.rules.resamples)) return false
    return this.rules.sampler.mustWait(root)
  }

  private makeRoom(): void {
    const { maxSpans, maxBytes } = this.limits
    for (const local of this.open) {
      if (this.held <= maxSpans && this.heldBytes <= maxBytes) return
      if (local.spans.length > 0) this.settle(local)
    }
  }

  private settleOld(): void {
    const { maxAge } = this.limits
    const now = performance.now()
    this.timer = undefined
    for (const local of this.open) {
      const left = local.began + maxAge - now
      if (left > 0) {
        this.timer = setTimeout(() => this.settleOld(), left + 1).unref()
        return
      }
      this.settle(local)
    }
  }

  private settle(local: LocalTrace): void {
    this.open.delete(local)
    const { root, spans } = local
    const verdict = this.judge(local)
    local.verdict = verdict
    local.spans = []
    local.writer = undefined
    this.held -= spans.length
    this.heldBytes -= local.bytes
    if (!root.ended) this.early += 1
    if (!verdict.isKept) this.dropped += 1
    else if (verdict.reason) this.kept[verdict.reason] += 1
    for (const span of spans) this.pass(span, verdict, false)
  }

  private judge(local: LocalTrace): Verdict {
    try {
      const { root, hasFailed, context } = local
      const late = local.isProvisional ? this.judgeByRoute(local) : undefined
      if (late && (!late.isKept || !this.policy)) return late
      const age = performance.now() - local.began
      const verdict = this.policy?.decide(root, hasFailed, context, age) ?? { isKept: true }
      return { ...verdict, threshold: strictest(late?.threshold, verdict.threshold) }
    } catch (error) {
      say('error', 'spanwright: deciding on a trace failed; it is kept', error)
      return { isKept: true }
    }
  }

  private judgeByRoute({ root, context }: LocalTrace): Verdict | undefined {
    const result = this.rules?.sampler.decideLate(root, context, root.spanContext().traceId)
    if (!result) return undefined
    const isKept = result.decision === SamplingDecision.RECORD_AND_SAMPLED
    return { isKept, reason: 'rule', threshold: thresholdIn(result.traceState) }
  }

  private pass(span: EndedSpan, verdict: Verdict, isRoot: boolean): void {
    if (!verdict.isKept) {
      this.next.giveUp()
      return
    }
    if (verdict.reason === undefined) this.next.onEnd(span)
    else if (span instanceof EncodedSpan) this.next.onEnd(span.with(adjusted(span.traceState, verdict)))
    else {
      const own = span.spanContext()
      const context = { ...own, traceState: adjusted(own.traceState, verdict) }
      const attributes = { ...span.attributes, [ATTR_KEEP_REASON]: verdict.reason }
      this.next.onEnd(copySpan(span, isRoot ? { context, attributes } : { context }))
    }
  }
}

/** The probability of a trace that passed two decisions is that of the stricter one. */
function strictest(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one > other ? one : other
}
