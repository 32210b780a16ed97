import type { TextMapGetter } from '@opentelemetry/api'

/** Reads any carrier a context may have been written to. */
export const CARRIER_GETTER: TextMapGetter<object> = {
  keys: carrier => (isLookup(carrier) ? [...carrier.keys()] : Object.keys(carrier)),
  get(carrier, field) {
    const value = isLookup(carrier) ? carrier.get(field) : valueOf(carrier, field)
    return Array.isArray(value) ? value.flatMap(item => textOf(item) ?? []) : textOf(value)
  },
}

interface Lookup {
  get(name: string): unknown
  keys(): Iterable<string>
}

function isLookup(carrier: object): carrier is Lookup {
  const { get, keys } = carrier as Partial<Lookup>
  return typeof get === 'function' && typeof keys === 'function'
}

/** Fields are written in lower case, but intermediaries may change the case, and variables of a process are in upper case. */
function valueOf(carrier: object, field: string): unknown {
  const record = carrier as Readonly<Record<string, unknown>>
  if (record[field] !== undefined) return record[field]
  const wanted = variableOf(field)
  const name = Object.keys(record).find(key => variableOf(key) === wanted)
  return name === undefined ? undefined : record[name]
}

/** The name of the environment variable for a field. */
export function variableOf(field: string): string {
  return field.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_')
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  // An attribute of a message of SQS holds its text one level down.
  const attribute = value as { StringValue?: unknown; stringValue?: unknown } | null | undefined
  const text = attribute?.StringValue ?? attribute?.stringValue
  if (typeof text === 'string') return text
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined
}
