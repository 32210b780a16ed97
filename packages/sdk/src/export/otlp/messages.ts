/** How the value of a field is written in OTLP's JSON. */
export type Scalar =
  | 'string'
  | 'bool'
  /** A number in JSON: enumerations and 32-bit integers. */
  | 'number'
  /** A number in JSON if it can be represented exactly, otherwise a string. */
  | 'integer'
  /** A string in JSON: 64-bit integers, eight bytes each when packed. */
  | 'long'
  /** The same as varints. */
  | 'varint'
  | 'zigzag'
  | 'double'
  | 'base64'
  | 'hex'

/** A field of a message: its name in JSON, its type, and whether it is repeated. */
export interface FieldShape {
  readonly name: string
  readonly of: Scalar | (() => MessageShape)
  readonly repeated?: true
}

/** The fields of a message, by their numbers in opentelemetry-proto 1.x. */
export type MessageShape = Readonly<Record<number, FieldShape>>

function one(name: string, of: FieldShape['of']): FieldShape {
  return { name, of }
}

function many(name: string, of: FieldShape['of']): FieldShape {
  return { name, of, repeated: true }
}

const ANY_VALUE: MessageShape = {
  1: one('stringValue', 'string'),
  2: one('boolValue', 'bool'),
  3: one('intValue', 'integer'),
  4: one('doubleValue', 'double'),
  5: one('arrayValue', () => ({ 1: many('values', () => ANY_VALUE) })),
  6: one('kvlistValue', () => ({ 1: many('values', () => KEY_VALUE) })),
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
  1: one('timeUnixNano', 'long'),
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

const SPAN: MessageShape = {
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: one('parentSpanId', 'hex'),
  5: one('name', 'string'),
  6: one('kind', 'number'),
  7: one('startTimeUnixNano', 'long'),
  8: one('endTimeUnixNano', 'long'),
  9: ATTRIBUTES,
  10: DROPPED_ATTRIBUTES,
  11: many('events', () => EVENT),
  12: one('droppedEventsCount', 'number'),
  13: many('links', () => LINK),
  14: one('droppedLinksCount', 'number'),
  15: one('status', () => ({ 2: one('message', 'string'), 3: one('code', 'number') })),
  16: one('flags', 'number'),
}

const EXEMPLAR: MessageShape = {
  2: one('timeUnixNano', 'long'),
  3: one('asDouble', 'double'),
  4: one('spanId', 'hex'),
  5: one('traceId', 'hex'),
  6: one('asInt', 'integer'),
  7: many('filteredAttributes', () => KEY_VALUE),
}

const NUMBER_POINT: MessageShape = {
  2: one('startTimeUnixNano', 'long'),
  3: one('timeUnixNano', 'long'),
  4: one('asDouble', 'double'),
  5: many('exemplars', () => EXEMPLAR),
  6: one('asInt', 'integer'),
  7: ATTRIBUTES,
  8: one('flags', 'number'),
}

const HISTOGRAM_POINT: MessageShape = {
  2: one('startTimeUnixNano', 'long'),
  3: one('timeUnixNano', 'long'),
  4: one('count', 'long'),
  5: one('sum', 'double'),
  6: many('bucketCounts', 'long'),
  7: many('explicitBounds', 'double'),
  8: many('exemplars', () => EXEMPLAR),
  9: ATTRIBUTES,
  10: one('flags', 'number'),
  11: one('min', 'double'),
  12: one('max', 'double'),
}

const BUCKETS: MessageShape = { 1: one('offset', 'zigzag'), 2: many('bucketCounts', 'varint') }

const EXPONENTIAL_POINT: MessageShape = {
  1: ATTRIBUTES,
  2: one('startTimeUnixNano', 'long'),
  3: one('timeUnixNano', 'long'),
  4: one('count', 'long'),
  5: one('sum', 'double'),
  6: one('scale', 'zigzag'),
  7: one('zeroCount', 'long'),
  8: one('positive', () => BUCKETS),
  9: one('negative', () => BUCKETS),
  10: one('flags', 'number'),
  11: many('exemplars', () => EXEMPLAR),
  12: one('min', 'double'),
  13: one('max', 'double'),
  14: one('zeroThreshold', 'double'),
}

const TEMPORALITY = one('aggregationTemporality', 'number')

function pointsOf(shape: MessageShape): FieldShape {
  return many('dataPoints', () => shape)
}

const METRIC: MessageShape = {
  1: one('name', 'string'),
  2: one('description', 'string'),
  3: one('unit', 'string'),
  5: one('gauge', () => ({ 1: pointsOf(NUMBER_POINT) })),
  7: one('sum', () => ({ 1: pointsOf(NUMBER_POINT), 2: TEMPORALITY, 3: one('isMonotonic', 'bool') })),
  9: one('histogram', () => ({ 1: pointsOf(HISTOGRAM_POINT), 2: TEMPORALITY })),
  10: one('exponentialHistogram', () => ({ 1: pointsOf(EXPONENTIAL_POINT), 2: TEMPORALITY })),
}

/** `Export…ServiceRequest`: the items beneath each scope differ by signal. */
function requestOf(signal: 'Spans' | 'Metrics', item: FieldShape): MessageShape {
  const schemaUrl = one('schemaUrl', 'string')
  const scope: MessageShape = { 1: one('scope', () => SCOPE), 2: item, 3: schemaUrl }
  const resource: MessageShape = {
    1: one('resource', () => RESOURCE),
    2: many(`scope${signal}`, () => scope),
    3: schemaUrl,
  }
  return { 1: many(`resource${signal}`, () => resource) }
}

/** The requests of OTLP, by the signal they carry. */
export const REQUESTS: Readonly<Record<'traces' | 'metrics', MessageShape>> = {
  traces: requestOf(
    'Spans',
    many('spans', () => SPAN),
  ),
  metrics: requestOf(
    'Metrics',
    many('metrics', () => METRIC),
  ),
}
