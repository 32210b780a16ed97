// The JSON of OTLP (opentelemetry-proto 1.x, trace/v1): requests of either encoding are decoded to it and kept in it.

/** A value of an attribute: one of its fields is set. */
export interface OtlpValue {
  stringValue?: string
  boolValue?: boolean
  /** A string when it does not fit into a number. */
  intValue?: number | string
  /** A string for `NaN` and the infinities. */
  doubleValue?: number | string
  arrayValue?: { values?: OtlpValue[] }
  kvlistValue?: { values?: OtlpAttribute[] }
  /** Base64. */
  bytesValue?: string
}

/** An attribute: its key and its value. */
export interface OtlpAttribute {
  key?: string
  value?: OtlpValue
}

/** The process or the like that the spans come from. */
export interface OtlpResource {
  attributes?: OtlpAttribute[]
  droppedAttributesCount?: number
}

/** The library or module that made the spans. */
export interface OtlpScope extends OtlpResource {
  name?: string
  version?: string
}

/** An event of a span. */
export interface OtlpEvent extends OtlpResource {
  /** Nanoseconds since the epoch. */
  timeUnixNano?: string
  name?: string
}

/** A link from a span to another one. */
export interface OtlpLink extends OtlpResource {
  traceId?: string
  spanId?: string
  traceState?: string
  flags?: number
}

/** A span in a request: every field may be missing. */
export interface OtlpSpan extends OtlpLink {
  parentSpanId?: string
  name?: string
  kind?: number
  startTimeUnixNano?: string
  endTimeUnixNano?: string
  events?: OtlpEvent[]
  droppedEventsCount?: number
  links?: OtlpLink[]
  droppedLinksCount?: number
  status?: { code?: number; message?: string }
}

/** The spans of one scope. */
export interface ScopeSpans {
  scope?: OtlpScope
  spans?: OtlpSpan[]
  schemaUrl?: string
}

/** The spans of one resource, by scope. */
export interface ResourceSpans {
  resource?: OtlpResource
  scopeSpans?: ScopeSpans[]
  schemaUrl?: string
}

/** An `ExportTraceServiceRequest`, which is also a document of OTLP JSON. */
export interface OtlpDocument {
  resourceSpans?: ResourceSpans[]
}
