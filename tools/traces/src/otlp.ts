import { SPAN_KINDS, type SpanAddress, type TraceSpan } from '@spanwright/sdk'

// The part of OTLP/JSON that a trace is read from (opentelemetry-proto, trace/v1).
interface OtlpValue {
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] }
  readonly [kind: string]: unknown
}

interface OtlpAttribute {
  readonly key: string
  readonly value: OtlpValue
}

interface OtlpSpan extends SpanAddress {
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string | number
  readonly endTimeUnixNano: string | number
  readonly attributes?: readonly OtlpAttribute[]
  readonly links?: readonly (SpanAddress & { readonly attributes?: readonly OtlpAttribute[] })[]
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly OtlpAttribute[] }[]
  readonly status?: { readonly code?: number }
}

interface OtlpRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpAttribute[] }
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[]
  }[]
}

const STATUS_ERROR = 2

/** A span as it came over OTLP, with what a printed trace leaves out. */
export interface ReceivedSpan extends TraceSpan {
  readonly links: readonly (SpanAddress & { readonly attributes: Readonly<Record<string, unknown>> })[]
  readonly events: readonly {
    readonly name: string
    readonly attributes: Readonly<Record<string, unknown>>
  }[]
}

/**
 * Reads the spans of an OTLP/HTTP request body in JSON.
 * @throws Error when the body is not JSON of that shape
 */
export function readOtlp(body: string): ReceivedSpan[] {
  const { resourceSpans = [] } = JSON.parse(body) as OtlpRequest
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const name = readAttributes(resource?.attributes)['service.name']
    const service = typeof name === 'string' ? name : 'unknown_service'
    return scopeSpans.flatMap(({ spans = [] }) => spans.map(span => readSpan(span, service)))
  })
}

function readSpan(span: OtlpSpan, service: string): ReceivedSpan {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId || undefined,
    service,
    kind: SPAN_KINDS[span.kind] ?? 'UNSPECIFIED',
    name: span.name,
    start: readMilliseconds(span.startTimeUnixNano),
    end: readMilliseconds(span.endTimeUnixNano),
    failed: span.status?.code === STATUS_ERROR,
    attributes: readAttributes(span.attributes),
    links: (span.links ?? []).map(({ traceId, spanId, attributes }) => ({
      traceId,
      spanId,
      attributes: readAttributes(attributes),
    })),
    events: (span.events ?? []).map(({ name, attributes }) => ({
      name,
      attributes: readAttributes(attributes),
    })),
  }
}

/** Nanoseconds since the epoch do not fit a number; microseconds do. */
function readMilliseconds(nanoseconds: string | number): number {
  return Number(BigInt(nanoseconds) / 1000n) / 1000
}

function readAttributes(attributes: readonly OtlpAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]))
}

function readValue(value: OtlpValue): unknown {
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(readValue)
  // Integers of 64 bits come as text.
  if (value['intValue'] !== undefined) return Number(value['intValue'])
  return Object.values(value)[0]
}
