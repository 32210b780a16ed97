import {
  type Attributes,
  context as contexts,
  type Context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Link,
  type Span,
  SpanKind,
  type SpanOptions,
  trace,
  TraceFlags,
  type Tracer,
  type TraceState,
} from '@opentelemetry/api'
import { reportFailure } from '@spanwright/core/plugin'

import { isTracingSuppressed } from '../propagation/suppressed.ts'
import { isTraceIdRandom } from '../sampling/trace-origin.ts'
import type { Recorder } from './recorder.ts'
import { SpanIdentity, type TraceIdentity } from './span/identity.ts'
import { RecordingSpan, type SpanOwner } from './span/recording-span.ts'
import { anchorAt } from './span/time.ts'
import { UnsampledSpan } from './span/unsampled-span.ts'
import {
  type InstrumentationScope,
  SamplingDecision,
  type SamplingResult,
  type SpanLimits,
  type SpanResource,
} from './types.ts'

const NO_ATTRIBUTES: Attributes = {}
const NO_LINKS: Link[] = []

/** Starts the spans of one scope. */
export class RecordingTracer implements Tracer, SpanOwner {
  readonly instrumentationScope: InstrumentationScope
  readonly limits: Required<SpanLimits>
  readonly resource: SpanResource
  /** Whether a span was started. */
  isUsed = false
  private readonly recorder: Recorder

  constructor(recorder: Recorder, scope: InstrumentationScope) {
    this.recorder = recorder
    this.instrumentationScope = scope
    this.limits = recorder.limits
    this.resource = recorder.resource
  }

  startSpan(name: string, options: SpanOptions = {}, context: Context = contexts.active()): Span {
    try {
      if (isTracingSuppressed(context)) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
      return this.start(name, options, options.root === true ? trace.deleteSpan(context) : context)
    } catch (error) {
      reportFailure('starting a span', error)
      return trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
    }
  }

  startActiveSpan<Run extends (span: Span) => unknown>(name: string, run: Run): ReturnType<Run>
  startActiveSpan<Run extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    run: Run,
  ): ReturnType<Run>
  startActiveSpan<Run extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    run: Run,
  ): ReturnType<Run>
  startActiveSpan<Run extends (span: Span) => unknown>(
    name: string,
    ...rest: readonly [Run] | readonly [SpanOptions, Run] | readonly [SpanOptions, Context, Run]
  ): ReturnType<Run> {
    const run = rest.at(-1) as Run
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : undefined
    const parent = (rest.length > 2 ? (rest[1] as Context) : undefined) ?? contexts.active()
    const span = this.startSpan(name, options, parent)
    return contexts.with(trace.setSpan(parent, span), run as (span: Span) => ReturnType<Run>, undefined, span)
  }

  finish(span: RecordingSpan): void {
    this.recorder.finish(span)
  }

  private start(name: string, options: SpanOptions, context: Context): Span {
    this.isUsed = true
    const { recorder } = this
    const above = trace.getSpan(context)
    const local = above instanceof RecordingSpan || above instanceof UnsampledSpan ? above : undefined
    const parent = local === undefined ? foreignIdentity(above) : local.identity
    const kind = options.kind ?? SpanKind.INTERNAL
    const family = parent === undefined ? recorder.identities.newTrace() : parent.trace
    let traceState: TraceState | undefined = parent?.traceState
    let decision: number
    let result: SamplingResult | undefined
    if (parent !== undefined && recorder.follows(parent)) decision = decisionOf(parent)
    else {
      result = this.ask(context, family, name, kind, options)
      decision = result.decision
      traceState = result.traceState ?? traceState
    }
    const flags = decision === SamplingDecision.RECORD_AND_SAMPLED ? TraceFlags.SAMPLED : TraceFlags.NONE
    const identity = recorder.identities.newSpan(family, flags, traceState)
    if (decision === SamplingDecision.NOT_RECORD) {
      recorder.sink.refuse()
      return new UnsampledSpan(identity)
    }
    const now = performance.now()
    if (!(above instanceof RecordingSpan)) beginLocalTrace(family, now, context, parent, recorder)
    const span = new RecordingSpan(this, name, kind, identity, parent, now)
    const { startTime, attributes, links } = options
    if (startTime !== undefined) span.startAt(startTime)
    if (links !== undefined) span.addLinks(links)
    if (attributes !== undefined) span.recorded.start(attributes)
    if (result?.attributes !== undefined) span.setAttributes(result.attributes)
    recorder.start(span, context)
    return span
  }

  /** A sampler that throws must not affect the app: its work continues, unsampled. */
  private ask(
    context: Context,
    family: TraceIdentity,
    name: string,
    kind: SpanKind,
    { attributes, links = [] }: SpanOptions,
  ): SamplingResult {
    try {
      const { sampler, looksAt } = this.recorder
      const id = looksAt === 'nothing' ? '' : family.id
      // These samplers are our own, and write to neither.
      if (looksAt !== 'all') return sampler.shouldSample(context, id, name, kind, NO_ATTRIBUTES, NO_LINKS)
      // Copies, so that a sampler cannot change the caller's objects.
      return sampler.shouldSample(context, id, name, kind, { ...attributes }, [...links])
    } catch (error) {
      reportFailure('the sampler', error)
      return { decision: SamplingDecision.NOT_RECORD }
    }
  }
}

/** The identity of a parent not created here. */
function foreignIdentity(above: Span | undefined): SpanIdentity | undefined {
  const context = above?.spanContext()
  return context !== undefined && isSpanContextValid(context) ? SpanIdentity.of(context) : undefined
}

function decisionOf({ traceFlags }: SpanIdentity): number {
  return (traceFlags & TraceFlags.SAMPLED) === 0
    ? SamplingDecision.NOT_RECORD
    : SamplingDecision.RECORD_AND_SAMPLED
}

/** State determined once, by the first span of a trace in this process. */
function beginLocalTrace(
  family: TraceIdentity,
  now: number,
  context: Context,
  parent: SpanIdentity | undefined,
  { identities }: Recorder,
): void {
  family.anchor = anchorAt(now)
  family.isRandom =
    parent === undefined
      ? identities.areRandom
      : isTraceIdRandom(context, parent.spanContext, identities.areRandom)
}
