import { type Attributes, textOf } from '../model/attributes.ts'
import type { Span } from '../model/trace.ts'

/** The first of some attributes that is present, as text. */
function first(attributes: Attributes, ...keys: readonly string[]): string {
  for (const key of keys) {
    const value = attributes[key]
    if (value !== undefined && value !== null) return textOf(value)
  }
  return ''
}

/** Whether a span is a call to a database, in the latest or the legacy vocabulary. */
export function isQuery({ kind, attributes }: Span): boolean {
  return kind === 'CLIENT' && first(attributes, 'db.system.name', 'db.system') !== ''
}

/** The summary of a query, without its values: `SELECT users`. */
export function summaryOf({ attributes, name }: Span): string {
  return first(attributes, 'db.query.summary') || name
}

export function methodOf({ attributes }: Span): string {
  return first(attributes, 'http.request.method', 'http.method').toUpperCase()
}

export function statusCodeOf({ attributes }: Span): number {
  return (
    Number(first(attributes, 'http.response.status_code', 'http.status_code', 'rpc.response.status_code')) ||
    0
  )
}

/** The destination of a call: whichever address it has. */
export function targetOf({ attributes }: Span): string {
  const address = first(attributes, 'server.address', 'net.peer.name', 'messaging.destination.name')
  const port = first(attributes, 'server.port', 'net.peer.port')
  return address && port ? `${address}:${port}` : address
}

/** What a call requests, as exactly as it is known. */
export function resourceOf({ attributes, name }: Span): string {
  return (
    first(
      attributes,
      'url.full',
      'http.url',
      'db.query.text',
      'db.statement',
      'rpc.method',
      'url.template',
    ) || name
  )
}

/** The name of an error. */
export function errorOf(span: Span): string {
  return first(span.attributes, 'error.type') || span.message || 'an error'
}

/** Spans beneath one parent, by a key; those with an empty key are omitted. */
export function groupBy(spans: readonly Span[], keyOf: (span: Span) => string): Map<string, Span[]> {
  const groups = new Map<string, Span[]>()
  for (const span of spans) {
    const key = keyOf(span)
    if (key === '') continue
    const group = groups.get(key)
    if (group) group.push(span)
    else groups.set(key, [span])
  }
  return groups
}

export function sumOf(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + span.duration, 0)
}

export function idsOf(spans: readonly Span[]): string[] {
  return spans.map(span => span.id)
}
