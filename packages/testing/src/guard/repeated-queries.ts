import { SpanKind } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** Options of the check for repeated queries. */
export interface RepeatedQueryOptions {
  /** How often one query may run beneath one span. Default: 2. */
  readonly atMost?: number
}

/** A query that ran too often beneath one span. */
export interface RepeatedQuery {
  readonly summary: string
  readonly spans: readonly ReadableSpan[]
}

const DEFAULT_LIMIT = 2

/** Statements that belong to a connection, a cursor or a transaction, and repeat by nature. */
const NO_QUERY =
  /^(?:connect|fetch|move|close|begin|start transaction|commit|rollback|savepoint|release|set|discard)\b/i

/**
 * The queries with the same summary beneath one span that ran more often than allowed: the sign of a query in a loop.
 * Connecting, reading from a cursor and the statements of a transaction do not count.
 * @throws TypeError when the limit is not an integer of at least 1
 */
export function repeatedQueriesOf(
  spans: readonly ReadableSpan[],
  { atMost = DEFAULT_LIMIT }: RepeatedQueryOptions = {},
): RepeatedQuery[] {
  if (!Number.isInteger(atMost) || atMost < 1) {
    throw new TypeError(`expected atMost to be an integer of at least 1; got ${String(atMost)}`)
  }
  const groups = new Map<string, ReadableSpan[]>()
  for (const span of spans) {
    const summary = summaryOf(span)
    if (summary === undefined || NO_QUERY.test(summary)) continue
    const parent = span.parentSpanContext?.spanId ?? `trace ${span.spanContext().traceId}`
    const key = JSON.stringify([parent, span.attributes['db.namespace'], summary])
    groups.set(key, [...(groups.get(key) ?? []), span])
  }
  return [...groups.values()]
    .filter(group => group.length > atMost)
    .map(group => ({ summary: summaryOf(group[0] as ReadableSpan) ?? '', spans: group }))
}

function summaryOf({ kind, name, attributes }: ReadableSpan): string | undefined {
  const isDatabase = attributes['db.system.name'] !== undefined || attributes['db.system'] !== undefined
  if (kind !== SpanKind.CLIENT || !isDatabase) return undefined
  const summary = attributes['db.query.summary'] ?? attributes['db.statement']
  if (typeof summary === 'string') return summary
  // A span without a query is one of connecting.
  return attributes['db.query.text'] === undefined && attributes['db.operation.name'] === undefined
    ? undefined
    : name
}
