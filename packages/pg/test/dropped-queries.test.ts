import { once } from 'node:events'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient } from '@spanwright/pg'
import { Client, Query } from 'pg'
import Cursor from 'pg-cursor'

import { useDatabase } from './database.ts'

const db = useDatabase()
const CLOSED = 'Client was closed and is not queryable'

function failed(message: string, errorType: string, parentId: string | undefined): object {
  return {
    name: 'SELECT',
    kind: SpanKind.CLIENT,
    status: { code: SpanStatusCode.ERROR, message },
    attributes: {
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.query.text': 'SELECT ?',
      'db.query.summary': 'SELECT',
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
      'error.type': errorType,
    },
    events: [{ name: 'exception' }],
    links: [],
    parentSpanContext: parentId && { spanId: parentId },
  }
}

describe('a client that is ended before it was connected', () => {
  it.each([
    ['a promise', (client: Client) => void client.query('SELECT 1').catch(() => {})],
    ['a callback', (client: Client) => client.query('SELECT 1', () => {})],
    ['a query object', (client: Client) => void client.query(new Query('SELECT 1'))],
    ['a cursor', (client: Client) => void client.query(new Cursor('SELECT 1'))],
  ])('ends the span of a query by %s with an error', async (_, query) => {
    const client = traceClient(new Client(db.config()))
    withSpan('caller', () => query(client))
    expect(db.recorder.open()).toHaveLength(1)
    await client.end()
    const [caller, span, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(span).toMatchObject(failed(CLOSED, 'Error', caller?.spanContext().spanId))
    expect(db.recorder.open()).toEqual([])
  })

  it('calls back, and ends all queries that wait', async () => {
    const client = traceClient(new Client(db.config()))
    for (const _ of [1, 2]) client.query('SELECT 1', () => {})
    await new Promise<void>(resolve => client.end(() => resolve()))
    expect(db.recorder.open()).toEqual([])
    expect(db.recorder.spans()).toMatchObject([1, 2].map(() => failed(CLOSED, 'Error', undefined)))
  })
})

describe('a client that is ended while it connects', () => {
  it('has spans as long as its queries', async () => {
    const client = traceClient(new Client(db.config()))
    client.on('error', () => {})
    client.connect().catch(() => {})
    const answered = client.query('SELECT 1').then(
      () => 'answered',
      (error: Error) => error.message,
    )
    await client.end()
    const outcome = await answered
    const [span, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(span?.status).toEqual(
      outcome === 'answered'
        ? { code: SpanStatusCode.UNSET }
        : { code: SpanStatusCode.ERROR, message: outcome },
    )
    expect(db.recorder.open()).toEqual([])
  })
})

describe('a query that waited for its connection', () => {
  it('is answered, and has a span as usual', async () => {
    const client = traceClient(new Client(db.config()))
    const answer = client.query('SELECT 1 AS n')
    await client.connect()
    expect((await answer).rows).toEqual([{ n: 1 }])
    await client.end()
    expect(db.recorder.spans()).toMatchObject([{ name: 'SELECT', status: { code: SpanStatusCode.UNSET } }])
  })
})

describe('cancel()', () => {
  it('ends the span of a query that waits behind another one', async () => {
    const client = traceClient(await db.client())
    const first = client.query(new Query('SELECT pg_sleep(0.05)'))
    const ended = once(first, 'end')
    const second = client.query(new Query('SELECT 1'))
    const canceller = traceClient(new Client(db.config())) as unknown as {
      cancel(client: Client, query: object): void
    }
    canceller.cancel(client, second)
    expect(db.recorder.spans()).toMatchObject([
      failed('The query was cancelled before it was sent', 'cancelled', undefined),
    ])
    await ended
    expect(db.recorder.spans()).toMatchObject([{}, { status: { code: SpanStatusCode.UNSET } }])
    expect(db.recorder.open()).toEqual([])
  })

  it('does not end a query that runs', async () => {
    const client = traceClient(await db.client())
    const query = client.query(new Query('SELECT pg_sleep(30)'))
    const failure = once(query, 'error')
    await isRunning('SELECT pg_sleep(30)')
    const canceller = traceClient(new Client(db.config()))
    canceller.on('error', () => {})
    ;(canceller as unknown as { cancel(client: Client, query: object): void }).cancel(client, query)
    expect(await failure).toMatchObject([{ code: '57014' }])
    expect(db.recorder.spans()).toMatchObject([
      { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': '57014' } },
    ])
  })
})

/** Waits until the server runs a query: cancelling one that has not begun has no effect. */
async function isRunning(text: string): Promise<void> {
  const observer = await db.client()
  const running = `SELECT FROM pg_stat_activity WHERE state = 'active' AND query = $1`
  while ((await observer.query(running, [text])).rowCount === 0);
}
