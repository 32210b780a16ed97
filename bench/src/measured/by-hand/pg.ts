import { context, metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Pool, QueryResult } from 'pg'

import { DATABASE_DURATION, DATABASE_ROWS } from './histograms.ts'

/** A query with the span and the metrics of `@spanwright/pg`, by hand: who writes it knows what the query is about. */
export function queryByHand(pool: Pool): (text: string, values: unknown[]) => Promise<QueryResult> {
  const tracer = trace.getTracer('hand-written')
  const meter = metrics.getMeter('hand-written')
  const duration = meter.createHistogram('db.client.operation.duration', DATABASE_DURATION)
  const returnedRows = meter.createHistogram('db.client.response.returned_rows', DATABASE_ROWS)
  const { hostname, port, pathname } = new URL(pool.options.connectionString ?? '')
  const database = {
    'db.system.name': 'postgresql',
    'db.namespace': pathname.slice(1),
    'server.address': hostname,
    'server.port': Number(port),
  }
  return async (text, values) => {
    const startedAt = performance.now()
    const span = tracer.startSpan('SELECT users', {
      kind: SpanKind.CLIENT,
      attributes: { ...database, 'db.query.text': text, 'db.query.summary': 'SELECT users' },
    })
    const active = trace.setSpan(context.active(), span)
    try {
      const result = await context.with(active, () => pool.query(text, values))
      span.setAttribute('db.response.returned_rows', result.rows.length)
      returnedRows.record(result.rows.length, database, active)
      return result
    } catch (error) {
      span.recordException(error as Error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
      throw error
    } finally {
      span.end()
      duration.record((performance.now() - startedAt) / 1000, database, active)
    }
  }
}
