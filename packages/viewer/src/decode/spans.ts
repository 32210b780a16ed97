import type { OtlpAttribute, OtlpDocument, OtlpResource, OtlpSpan, OtlpValue } from './otlp.ts'

/** The resource and scope of a span. The spans of a batch share it. */
export interface Origin {
  readonly resource: OtlpResource
  readonly scope: OtlpResource & { readonly name?: string; readonly version?: string }
}

/** A span with checked ids and times. */
interface ValidSpan extends OtlpSpan {
  traceId: string
  spanId: string
  startTimeUnixNano: string
  endTimeUnixNano: string
}

/** A span with its resource and scope. */
export interface SpanRecord {
  readonly span: ValidSpan
  readonly origin: Origin
}

/** The spans of a request. */
export interface Batch {
  readonly records: readonly SpanRecord[]
  /** Number of spans that were omitted. */
  readonly rejected: number
  /** Why the first of them was omitted. */
  readonly reason: string
}

/** Maximum of characters of a text, and of entries of a list. Longer ones are cut, and the cut is marked or counted. */
const MAX_TEXT = 32_768
const MAX_ENTRIES = 1000

/** The spans of a document that have valid ids, with long texts and lists cut. */
export function spansOf(document: OtlpDocument): Batch {
  const records: SpanRecord[] = []
  let rejected = 0
  let reason = ''
  for (const { resource = {}, scopeSpans = [] } of document.resourceSpans ?? []) {
    capAttributes(resource)
    for (const { scope = {}, spans = [] } of scopeSpans) {
      capAttributes(scope)
      const origin: Origin = { resource, scope }
      for (const span of spans) {
        const fault = faultOf(span)
        if (fault === undefined) records.push({ span: completed(span), origin })
        else if (rejected++ === 0) reason = fault
      }
    }
  }
  return { records, rejected, reason }
}

const TRACE_ID = /^(?!0{32})[\da-f]{32}$/
const SPAN_ID = /^(?!0{16})[\da-f]{16}$/

function faultOf({ traceId = '', spanId = '', parentSpanId = '' }: OtlpSpan): string | undefined {
  if (!TRACE_ID.test(traceId)) return 'a trace id must be 16 bytes, not all zero'
  if (!SPAN_ID.test(spanId)) return 'a span id must be 8 bytes, not all zero'
  if (parentSpanId !== '' && !/^[\da-f]{16}$/.test(parentSpanId)) return 'a parent span id must be 8 bytes'
  return undefined
}

function completed(span: OtlpSpan): ValidSpan {
  capAttributes(span)
  for (const list of ['events', 'links'] as const) {
    const items = span[list]
    if (items === undefined) continue
    const dropped = list === 'events' ? 'droppedEventsCount' : 'droppedLinksCount'
    if (items.length > MAX_ENTRIES) span[dropped] = (span[dropped] ?? 0) + items.length - MAX_ENTRIES
    items.length = Math.min(items.length, MAX_ENTRIES)
    for (const item of items) capAttributes(item)
  }
  for (const event of span.events ?? []) if (event.name !== undefined) event.name = cut(event.name)
  if (span.status?.message !== undefined) span.status.message = cut(span.status.message)
  if (/^0*$/.test(span.parentSpanId ?? '')) delete span.parentSpanId
  const start = span.startTimeUnixNano ?? '0'
  const end = span.endTimeUnixNano ?? start
  return Object.assign(span, {
    name: cut(span.name ?? ''),
    traceId: span.traceId ?? '',
    spanId: span.spanId ?? '',
    startTimeUnixNano: start,
    endTimeUnixNano: BigInt(end) < BigInt(start) ? start : end,
  })
}

function capAttributes(owner: OtlpResource): void {
  const { attributes } = owner
  if (attributes === undefined) return
  if (attributes.length > MAX_ENTRIES) {
    owner.droppedAttributesCount = (owner.droppedAttributesCount ?? 0) + attributes.length - MAX_ENTRIES
    attributes.length = MAX_ENTRIES
  }
  for (const attribute of attributes) capAttribute(attribute)
}

function capAttribute(attribute: OtlpAttribute): void {
  if (attribute.key !== undefined) attribute.key = cut(attribute.key)
  if (attribute.value !== undefined) capValue(attribute.value)
}

function capValue(value: OtlpValue): void {
  if (value.stringValue !== undefined) value.stringValue = cut(value.stringValue)
  if (value.bytesValue !== undefined) value.bytesValue = value.bytesValue.slice(0, MAX_TEXT)
  const list = value.arrayValue?.values ?? value.kvlistValue?.values
  if (list !== undefined) list.length = Math.min(list.length, MAX_ENTRIES)
  for (const item of value.arrayValue?.values ?? []) capValue(item)
  for (const item of value.kvlistValue?.values ?? []) capAttribute(item)
}

/** Room for the mark of a cut, so that a text that was cut once is not cut again. */
const MARK = 40

function cut(text: string): string {
  if (text.length <= MAX_TEXT + MARK) return text
  return `${text.slice(0, MAX_TEXT)}… (${text.length - MAX_TEXT} characters cut)`
}
