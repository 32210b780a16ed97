import { type Context, propagation } from '@opentelemetry/api'

import { looksAt, ParentBased } from '../sampling/samplers.ts'
import { Identities, type SpanIdentity } from './span/identity.ts'
import { Processors } from './processors.ts'
import type { RecordingSpan } from './span/recording-span.ts'
import type {
  IdGenerator,
  ReadableSpan,
  RecordedSpan,
  Sampler,
  SpanLimits,
  SpanProcessor,
  SpanResource,
} from './types.ts'

/** Where recorded spans go when they end. */
export interface SpanSink {
  /** Whether an ended span is read later, and must therefore be kept unchanged. */
  readonly keepsObjects: boolean
  onStart(span: RecordedSpan, parentContext: Context): void
  onEnd(span: ReadableSpan): void
  /** Counts a span that is not recorded. */
  refuse(): void
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}

/** Options of a {@link Recorder}. */
export interface RecorderOptions {
  readonly resource: SpanResource
  readonly sampler: Sampler
  readonly limits: Required<SpanLimits>
  /** Creates the ids, instead of random ones. */
  readonly idGenerator: IdGenerator | undefined
  readonly processors: readonly SpanProcessor[]
  /** Baggage entries to set as attributes on every span. */
  readonly baggageAttributes: readonly string[]
  readonly sink: SpanSink
}

/** The state shared by all tracers of a provider. */
export class Recorder {
  readonly resource: SpanResource
  readonly sampler: Sampler
  /** What the sampler reads. */
  readonly looksAt: 'nothing' | 'id' | 'all'
  readonly limits: Required<SpanLimits>
  readonly identities: Identities
  readonly processors: Processors
  readonly sink: SpanSink
  private readonly parentBased: ParentBased | undefined
  private readonly baggageAttributes: readonly string[]
  private readonly keepsObjects: boolean

  constructor(options: RecorderOptions) {
    this.resource = options.resource
    this.sampler = options.sampler
    this.parentBased = options.sampler instanceof ParentBased ? options.sampler : undefined
    this.looksAt = looksAt(options.sampler)
    this.limits = options.limits
    this.identities = new Identities(options.idGenerator)
    this.processors = new Processors(options.processors)
    this.sink = options.sink
    this.baggageAttributes = options.baggageAttributes
    this.keepsObjects = options.sink.keepsObjects || !this.processors.isEmpty
  }

  /** Whether the sampler follows a parent's decision, so that it need not be called. */
  follows(parent: SpanIdentity): boolean {
    return this.parentBased?.follows(parent) === true
  }

  start(span: RecordingSpan, context: Context): void {
    if (this.baggageAttributes.length > 0) this.copyBaggage(span, context)
    if (!this.processors.isEmpty) this.processors.onStart(span, context)
    this.sink.onStart(span, context)
  }

  /** Processors may still write to the span until it is encoded. */
  finish(span: RecordingSpan): void {
    if (!this.processors.isEmpty) this.processors.onEnding(span)
    span.seal()
    if (!this.processors.isEmpty) this.processors.onEnd(span)
    this.sink.onEnd(span)
    if (!this.keepsObjects) span.letGo()
  }

  private copyBaggage(span: RecordingSpan, context: Context): void {
    const baggage = propagation.getBaggage(context)
    if (!baggage) return
    for (const key of this.baggageAttributes) {
      const entry = baggage.getEntry(key)
      if (entry) span.recorded.setIfAbsent(key, entry.value)
    }
  }
}
