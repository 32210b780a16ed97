import type { TextMapGetter } from '@opentelemetry/api'

type HeaderValue = Buffer | string | null | undefined

/** Headers of a record: bytes or text; a repeated key holds a list. */
export type RecordHeaders = Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>

/** Reads a context from the headers of a record. */
export const headerGetter: TextMapGetter<RecordHeaders> = {
  keys: headers => Object.keys(headers),
  get(headers, field) {
    const name = nameOfHeader(headers, field)
    return name === undefined ? undefined : textOf(headers[name])
  },
}

/** True when one of the fields stands in the headers, in whatever case. */
export function hasAnyHeader(headers: RecordHeaders, fields: readonly string[]): boolean {
  return fields.some(field => nameOfHeader(headers, field) !== undefined)
}

/** The values of some fields in headers, in whatever case they are written. */
export function headersOf(headers: RecordHeaders, fields: readonly string[]): RecordHeaders[string][] {
  const wanted = new Set(fields.map(field => field.toLowerCase()))
  return Object.entries(headers)
    .filter(([name]) => wanted.has(name.toLowerCase()))
    .map(([, value]) => value)
}

/** True for what kafkajs can write as the value of a header: text, bytes, or a list of these. */
export function isWritable(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(one => !Array.isArray(one) && isWritable(one))
  return typeof value === 'string' || value instanceof Uint8Array
}

/** A copy of headers without some fields, in whatever case they are written, and with others. */
export function replaceHeaders(
  headers: RecordHeaders,
  fields: readonly string[],
  replacement: Readonly<Record<string, string>>,
): RecordHeaders {
  const dropped = new Set(fields.map(field => field.toLowerCase()))
  const kept = Object.entries(headers).filter(([name]) => !dropped.has(name.toLowerCase()))
  return { ...Object.fromEntries(kept), ...replacement }
}

/** Names of record headers are case-sensitive, but some producers capitalise those of the propagation. */
function nameOfHeader(headers: RecordHeaders, field: string): string | undefined {
  if (headers[field] !== undefined) return field
  const wanted = field.toLowerCase()
  for (const name in headers) {
    if (name.length === wanted.length && name.toLowerCase() === wanted) return name
  }
  return undefined
}

/** Of a repeated header the last one counts, as for Kafka's own clients: who adds a header later, appends it. */
function textOf(value: RecordHeaders[string]): string | undefined {
  const single = Array.isArray(value) ? (value.at(-1) as HeaderValue) : (value as HeaderValue)
  if (typeof single === 'string') return single
  if (!(single instanceof Uint8Array)) return undefined
  return Buffer.isBuffer(single) ? single.toString('utf8') : Buffer.from(single).toString('utf8')
}
