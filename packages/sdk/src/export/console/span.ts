/** The kinds of OTLP, by their number. */
export const SPAN_KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const

/** The kind of a span, as OTLP names it. */
export type SpanKindName = (typeof SPAN_KINDS)[number]

/** The ids of a span: its trace id and span id, in hex. */
export interface SpanAddress {
  readonly traceId: string
  readonly spanId: string
}

/** An event of a span. */
export interface TraceEvent {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A span in the form that is printed. */
export interface TraceSpan extends SpanAddress {
  readonly parentSpanId: string | undefined
  /** `service.name` of the process that created it. */
  readonly service: string
  readonly kind: SpanKindName
  readonly name: string
  /** Milliseconds since the epoch, with microseconds as fraction. */
  readonly start: number
  readonly end: number
  readonly failed: boolean
  /** Its status message. */
  readonly message?: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly SpanAddress[]
  readonly events?: readonly TraceEvent[]
}
