import { SpanStatusCode } from '@opentelemetry/api'
import { ATTR_SERVICE_NAME } from '@spanwright/core/semconv'

import { jsonOf } from '../otlp/json.ts'
import { REQUESTS } from '../otlp/messages.ts'
import type { EndedTraceSpan } from './gathering.ts'
import { SPAN_KINDS } from './span.ts'

interface JsonAttribute {
  readonly key: string
  readonly value?: Readonly<Record<string, unknown>>
}

interface JsonSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name?: string
  readonly kind?: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes?: readonly JsonAttribute[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly events?: readonly { readonly name?: string; readonly attributes?: readonly JsonAttribute[] }[]
  readonly status?: { readonly code?: number; readonly message?: string }
  readonly flags?: number
}

interface JsonRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly JsonAttribute[] }
    readonly scopeSpans?: readonly { readonly spans?: readonly JsonSpan[] }[]
  }[]
}

/** The OTLP flag for a parent in another process. */
const PARENT_IS_REMOTE = 0x200

/** Decodes the spans of an OTLP request, to print them. */
export function decodeSpans(parts: readonly Uint8Array[]): EndedTraceSpan[] {
  const { resourceSpans = [] } = jsonOf(Buffer.concat(parts), REQUESTS.traces) as JsonRequest
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) => {
    const service = attributesOf(resource?.attributes)[ATTR_SERVICE_NAME]
    const name = typeof service === 'string' ? service : 'unknown_service'
    return scopeSpans.flatMap(({ spans = [] }) => spans.map(span => decodeSpan(span, name)))
  })
}

function decodeSpan(span: JsonSpan, service: string): EndedTraceSpan {
  const {
    traceId,
    spanId,
    parentSpanId,
    name = '',
    kind = 0,
    links = [],
    events = [],
    status,
    flags = 0,
  } = span
  return {
    isLocalRoot: parentSpanId === undefined || (flags & PARENT_IS_REMOTE) !== 0,
    span: {
      traceId,
      spanId,
      parentSpanId,
      service,
      kind: SPAN_KINDS[kind] ?? 'UNSPECIFIED',
      name,
      start: Number(BigInt(span.startTimeUnixNano) / 1000n) / 1000,
      end: Number(BigInt(span.endTimeUnixNano) / 1000n) / 1000,
      failed: status?.code === SpanStatusCode.ERROR,
      message: status?.message,
      attributes: attributesOf(span.attributes),
      links: links.map(link => ({ traceId: link.traceId, spanId: link.spanId })),
      events: events.map(event => ({ name: event.name ?? '', attributes: attributesOf(event.attributes) })),
    },
  }
}

function attributesOf(attributes: readonly JsonAttribute[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]))
}

/** Returns `'a'` for `{ stringValue: 'a' }`, an array for the values of one, and an object for those of a map. */
function valueOf(value: JsonAttribute['value'] = {}): unknown {
  const [[form, held] = []] = Object.entries(value)
  if (form === 'kvlistValue') return attributesOf((held as { readonly values?: JsonAttribute[] }).values)
  if (form !== 'arrayValue') return held ?? null
  const { values = [] } = held as { readonly values?: readonly JsonAttribute['value'][] }
  return values.map(valueOf)
}
