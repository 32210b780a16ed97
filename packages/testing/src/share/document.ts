import type { AttributeValue, Attributes, HrTime } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { OtlpAttribute, OtlpDocument, OtlpSpan, OtlpValue } from '@spanwright/viewer'

/** Spans as a document of OTLP JSON. */
export function documentOf(spans: readonly ReadableSpan[]): OtlpDocument {
  return {
    resourceSpans: spans.map(span => ({
      resource: { attributes: attributesOf(span.resource.attributes) },
      scopeSpans: [{ scope: scopeOf(span), spans: [spanOf(span)] }],
    })),
  }
}

function scopeOf({ instrumentationScope: { name, version = '' } }: ReadableSpan): {
  name: string
  version: string
} {
  return { name, version }
}

function spanOf(span: ReadableSpan): OtlpSpan {
  const { traceId, spanId } = span.spanContext()
  return {
    traceId,
    spanId,
    ...(span.parentSpanContext && { parentSpanId: span.parentSpanContext.spanId }),
    name: span.name,
    // OTLP has one more kind, in front.
    kind: span.kind + 1,
    startTimeUnixNano: nanoseconds(span.startTime),
    endTimeUnixNano: nanoseconds(span.endTime),
    attributes: attributesOf(span.attributes),
    events: span.events.map(({ name, time, attributes }) => ({
      name,
      timeUnixNano: nanoseconds(time),
      attributes: attributesOf(attributes),
    })),
    links: span.links.map(({ context, attributes }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      attributes: attributesOf(attributes),
    })),
    status: { code: span.status.code, message: span.status.message ?? '' },
  }
}

function nanoseconds([seconds, rest]: HrTime): string {
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(rest))
}

function attributesOf(attributes: Attributes = {}): OtlpAttribute[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: valueOf(value) }],
  )
}

function valueOf(value: AttributeValue | null | undefined): OtlpValue {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return { intValue: value }
    return { doubleValue: Number.isFinite(value) ? value : String(value) }
  }
  return Array.isArray(value) ? { arrayValue: { values: value.map(valueOf) } } : {}
}
