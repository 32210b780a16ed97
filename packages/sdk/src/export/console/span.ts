/** The kinds of OTLP, by their number. */
export const SPAN_KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const

export type SpanKindName = (typeof SPAN_KINDS)[number]

/** Where a span is found: its trace and its own id, in hex. */
export interface SpanAddress {
  readonly traceId: string
  readonly spanId: string
}

/** Something that happened within a span. */
export interface TraceEvent {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A span as a reader of traces sees it. */
export interface TraceSpan extends SpanAddress {
  readonly parentSpanId: string | undefined
  /** `service.name` of the process that made it. */
  readonly service: string
  readonly kind: SpanKindName
  readonly name: string
  /** Milliseconds since the epoch, with microseconds behind the point. */
  readonly start: number
  readonly end: number
  readonly failed: boolean
  /** What its status says of the failure. */
  readonly message?: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly SpanAddress[]
  readonly events?: readonly TraceEvent[]
}
