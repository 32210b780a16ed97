/** How a field is encoded: on the wire, and in the JSON of OTLP. */
export type Scalar =
  | 'string'
  | 'bool'
  /** Enumerations and 32-bit integers, as varint or four bytes. */
  | 'number'
  /** A 64-bit varint: a number in JSON, or a string. */
  | 'integer'
  /** Eight bytes: a string in JSON. */
  | 'nanoseconds'
  | 'double'
  | 'base64'
  | 'hex'

/** A field of a message: its name in JSON, its type, and whether it is repeated. */
interface FieldShape {
  readonly name: string
  readonly of: Scalar | (() => MessageShape)
  readonly repeated: boolean
}

/** The fields of a message, by their numbers in opentelemetry-proto 1.x. */
export type MessageShape = Readonly<Record<number, FieldShape>>

function one(name: string, of: FieldShape['of']): FieldShape {
  return { name, of, repeated: false }
}

function many(name: string, of: FieldShape['of']): FieldShape {
  return { name, of, repeated: true }
}

const ARRAY: MessageShape = { 1: many('values', () => ANY_VALUE) }
const KEY_VALUES: MessageShape = { 1: many('values', () => KEY_VALUE) }

const ANY_VALUE: MessageShape = {
  1: one('stringValue', 'string'),
  2: one('boolValue', 'bool'),
  3: one('intValue', 'integer'),
  4: one('doubleValue', 'double'),
  5: one('arrayValue', () => ARRAY),
  6: one('kvlistValue', () => KEY_VALUES),
  7: one('bytesValue', 'base64'),
}

const KEY_VALUE: MessageShape = { 1: one('key', 'string'), 2: one('value', () => ANY_VALUE) }
const ATTRIBUTES = many('attributes', () => KEY_VALUE)
const DROPPED_ATTRIBUTES = one('droppedAttributesCount', 'number')
const RESOURCE: MessageShape = { 1: ATTRIBUTES, 2: DROPPED_ATTRIBUTES }

const SCOPE: MessageShape = {
  1: one('name', 'string'),
  2: one('version', 'string'),
  3: ATTRIBUTES,
  4: DROPPED_ATTRIBUTES,
}

const EVENT: MessageShape = {
  1: one('timeUnixNano', 'nanoseconds'),
  2: one('name', 'string'),
  3: ATTRIBUTES,
  4: DROPPED_ATTRIBUTES,
}

const LINK: MessageShape = {
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: ATTRIBUTES,
  5: DROPPED_ATTRIBUTES,
  6: one('flags', 'number'),
}

const STATUS: MessageShape = { 2: one('message', 'string'), 3: one('code', 'number') }

const SPAN: MessageShape = {
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: one('parentSpanId', 'hex'),
  5: one('name', 'string'),
  6: one('kind', 'number'),
  7: one('startTimeUnixNano', 'nanoseconds'),
  8: one('endTimeUnixNano', 'nanoseconds'),
  9: ATTRIBUTES,
  10: DROPPED_ATTRIBUTES,
  11: many('events', () => EVENT),
  12: one('droppedEventsCount', 'number'),
  13: many('links', () => LINK),
  14: one('droppedLinksCount', 'number'),
  15: one('status', () => STATUS),
  16: one('flags', 'number'),
}

const SCOPE_SPANS: MessageShape = {
  1: one('scope', () => SCOPE),
  2: many('spans', () => SPAN),
  3: one('schemaUrl', 'string'),
}

const RESOURCE_SPANS: MessageShape = {
  1: one('resource', () => RESOURCE),
  2: many('scopeSpans', () => SCOPE_SPANS),
  3: one('schemaUrl', 'string'),
}

/** `ExportTraceServiceRequest`. */
export const TRACES: MessageShape = { 1: many('resourceSpans', () => RESOURCE_SPANS) }
