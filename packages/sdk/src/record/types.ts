import type {
  Attributes,
  Context,
  HrTime,
  Link,
  Span as ApiSpan,
  SpanContext,
  SpanKind,
  SpanStatus,
  TraceState,
} from '@opentelemetry/api'

// The interfaces of samplers, processors and exporters of OpenTelemetry's SDK. They are declared here instead of
// imported, so that those of SDK 2 and SDK 3 both fit.

/** The resource of a process, as far as spans need it. */
export interface SpanResource {
  readonly attributes: Attributes
  readonly schemaUrl?: string
  readonly asyncAttributesPending?: boolean
  waitForAsyncAttributes?(): Promise<void>
}

/** The library that created a span. */
export interface InstrumentationScope {
  readonly name: string
  readonly version?: string
  readonly schemaUrl?: string
}

/** An event of a span. */
export interface TimedEvent {
  time: HrTime
  name: string
  attributes?: Attributes
  droppedAttributesCount?: number
}

/** A span as read by processors and exporters. */
export interface ReadableSpan {
  readonly name: string
  readonly kind: SpanKind
  readonly spanContext: () => SpanContext
  readonly parentSpanContext?: SpanContext
  readonly startTime: HrTime
  readonly endTime: HrTime
  readonly status: SpanStatus
  readonly attributes: Attributes
  readonly links: Link[]
  readonly events: TimedEvent[]
  readonly duration: HrTime
  readonly ended: boolean
  readonly resource: SpanResource
  readonly instrumentationScope: InstrumentationScope
  readonly droppedAttributesCount: number
  readonly droppedEventsCount: number
  readonly droppedLinksCount: number
  /** Whether the trace id is known to be random, as exported in the flags. */
  readonly isTraceIdRandom?: boolean
}

/** A span as passed to processors while it is recorded. */
export type RecordedSpan = ApiSpan & ReadableSpan

/** Processes spans when they start and end. */
export interface SpanProcessor {
  onStart(span: RecordedSpan, parentContext: Context): void
  onEnding?(span: RecordedSpan): void
  onEnd(span: ReadableSpan): void
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}

/** Result of exporting a batch: code 0 when it was exported. */
export interface ExportResult {
  readonly code: number
  readonly error?: Error
}

/** Exports spans. */
export interface SpanExporter {
  export(spans: ReadableSpan[], resultCallback: (result: ExportResult) => void): void
  forceFlush?(): Promise<void>
  shutdown(): Promise<void>
}

/** Decisions of a sampler. */
export const SamplingDecision = { NOT_RECORD: 0, RECORD: 1, RECORD_AND_SAMPLED: 2 } as const

/** Result of a sampler; `decision` is one of {@link SamplingDecision}. */
export interface SamplingResult {
  decision: number
  attributes?: Readonly<Attributes>
  traceState?: TraceState
}

/** Decides which spans are recorded. */
export interface Sampler {
  shouldSample(
    context: Context,
    traceId: string,
    spanName: string,
    spanKind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult
  toString(): string
}

/** Generates the ids of traces (32 hexadecimal digits) and spans (16). */
export interface IdGenerator {
  generateTraceId(): string
  generateSpanId(): string
}

/** Limits of one span. */
export interface SpanLimits {
  /** Maximum characters of a string. */
  attributeValueLengthLimit?: number
  attributeCountLimit?: number
  linkCountLimit?: number
  eventCountLimit?: number
  attributePerEventCountLimit?: number
  attributePerLinkCountLimit?: number
}
