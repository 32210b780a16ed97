import type { TextMapGetter } from '@opentelemetry/api'

type HeaderValue = Buffer | string | null | undefined

/** Headers of a record: bytes or strings; an array for a repeated key. */
export type RecordHeaders = Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>

/** Reads a context from the headers of a record. */
export const headerGetter: TextMapGetter<RecordHeaders> = {
  keys: headers => Object.keys(headers),
  get(headers, field) {
    const name = nameOfHeader(headers, field)
    return name === undefined ? undefined : textOf(headers[name])
  },
}

/** True when the headers contain one of the fields, case-insensitively. */
export function hasAnyHeader(headers: RecordHeaders, fields: readonly string[]): boolean {
  return fields.some(field => nameOfHeader(headers, field) !== undefined)
}

/** The headers with the given field names, case-insensitively. */
export function headersOf(headers: RecordHeaders, fields: readonly string[]): RecordHeaders[string][] {
  const wanted = new Set(fields.map(field => field.toLowerCase()))
  return Object.entries(headers)
    .filter(([name]) => wanted.has(name.toLowerCase()))
    .map(([, value]) => value)
}

/** True for a header value that kafkajs can write: a string, bytes, or an array of these. */
export function isWritable(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(one => !Array.isArray(one) && isWritable(one))
  return typeof value === 'string' || value instanceof Uint8Array
}

/** A copy of headers without some fields, case-insensitively, and with others added. */
export function replaceHeaders(
  headers: RecordHeaders,
  fields: readonly string[],
  replacement: Readonly<Record<string, string>>,
): RecordHeaders {
  const dropped = new Set(fields.map(field => field.toLowerCase()))
  const kept = Object.entries(headers).filter(([name]) => !dropped.has(name.toLowerCase()))
  return { ...Object.fromEntries(kept), ...replacement }
}

/** Record header names are case-sensitive, but some producers capitalise propagation headers. */
function nameOfHeader(headers: RecordHeaders, field: string): string | undefined {
  if (headers[field] !== undefined) return field
  const wanted = field.toLowerCase()
  for (const name in headers) {
    if (name.length === wanted.length && name.toLowerCase() === wanted) return name
  }
  return undefined
}

/** The last value of a repeated header counts, as in Kafka's own clients: later headers are appended. */
function textOf(value: RecordHeaders[string]): string | undefined {
  const single = Array.isArray(value) ? (value.at(-1) as HeaderValue) : (value as HeaderValue)
  if (typeof single === 'string') return single
  if (!(single instanceof Uint8Array)) return undefined
  return Buffer.isBuffer(single) ? single.toString('utf8') : Buffer.from(single).toString('utf8')
}
