import { once } from 'node:events'

import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { tracePool } from '@spanwright/pg'
import type { Pool, PoolClient } from 'pg'
import { to as copyTo } from 'pg-copy-streams'

import { useDatabase } from './database.ts'

const db = useDatabase(['CREATE TABLE items AS SELECT generate_series(1, 50000) AS id'])

/** Attributes of every query here, and the given ones. */
function attributes(text: string, more: object = {}): object {
  return {
    'db.system.name': 'postgresql',
    'db.namespace': 'shop',
    'db.query.text': text,
    'server.address': '127.0.0.1',
    'server.port': db.server.port,
    ...more,
  }
}

const SECONDS: unknown = expect.any(Number)

async function pidOf(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return rows[0]?.pid ?? 0
}

describe('a pool that is ended', () => {
  it('lets the running query finish, in one span', async () => {
    const pool = tracePool(db.pool({ max: 1 }))
    const [result] = await withSpan('caller', () =>
      Promise.all([pool.query('SELECT pg_sleep(0.02), 7 AS n'), pool.end()]),
    )
    expect(result.rows).toMatchObject([{ n: 7 }])
    const [query, caller, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(query).toMatchObject({
      name: 'SELECT',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      events: [],
      links: [],
      parentSpanContext: { spanId: caller?.spanContext().spanId },
    })
    expect(query?.attributes).toEqual(
      attributes('SELECT pg_sleep(?), ? AS n', {
        'db.query.summary': 'SELECT',
        'db.response.returned_rows': 1,
        'spanwright.db.wait_time': SECONDS,
      }),
    )
    expect(db.recorder.open()).toEqual([])
  })

  it('refuses a query, whose span is an error', async () => {
    const pool = tracePool(db.pool())
    await pool.end()
    const message = 'Cannot use a pool after calling end on the pool'
    await expect(pool.query('SELECT 1')).rejects.toThrow(message)
    const [span, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(span).toMatchObject({
      name: 'SELECT',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.ERROR, message },
      events: [
        { name: 'exception', attributes: { 'exception.type': 'Error', 'exception.message': message } },
      ],
    })
    expect(span?.attributes).toEqual(
      attributes('SELECT ?', { 'db.query.summary': 'SELECT', 'error.type': 'Error' }),
    )
  })
})

describe('a client that dies while it is idle', () => {
  it('has no span, and the pool continues with another', async () => {
    const pool = tracePool(db.pool({ max: 1 }))
    const client = await pool.connect()
    const pid = await pidOf(client)
    client.release()
    await db.recorder.reset()

    const died = once(pool, 'error') as Promise<unknown[]>
    await (await db.client()).query('SELECT pg_terminate_backend($1)', [pid])
    expect(await died).toMatchObject([{ code: '57P01' }, {}])
    expect(db.recorder.spans()).toEqual([])

    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
    expect(db.recorder.spans().map(({ name, status }) => [name, status.code])).toEqual([
      ['SELECT', SpanStatusCode.UNSET],
    ])
  })
})

describe('a client that is released with an error', () => {
  it('leaves the pool, and the query it was busy with ends its span', async () => {
    const pool = tracePool(db.pool({ max: 1 }), { checkout: 'span' })
    const client = await pool.connect()
    const failed = client.query('SELECT pg_sleep(60)').catch((error: unknown) => error)
    client.release(true)
    expect(await failed).toMatchObject({ message: 'Connection terminated' })
    expect(pool.totalCount).toBe(0)
    expect(db.recorder.open()).toEqual([])
    expect(db.recorder.tree()).toMatchObject([
      {
        span: { name: 'checkout', status: { code: SpanStatusCode.UNSET } },
        children: [
          {
            span: {
              name: 'SELECT',
              status: { code: SpanStatusCode.ERROR, message: 'Connection terminated' },
              attributes: { 'error.type': 'connection_terminated' },
            },
          },
        ],
      },
    ])
  })
})

describe('a COPY out that is destroyed half way', () => {
  /** The events of the stream when its client is abandoned. */
  async function giveUp(pool: Pool): Promise<unknown> {
    const client = await pool.connect()
    const stream = client.query(copyTo('COPY items TO STDOUT'))
    await once(stream, 'data')
    stream.destroy()
    await once(stream, 'close')
    const failed = once(stream, 'error') as Promise<unknown[]>
    client.release(true)
    return (await failed)[0]
  }

  it('ends its span when its client is abandoned, and is notified as without tracing', async () => {
    const bare = await giveUp(db.pool({ max: 1 }))
    expect(await giveUp(tracePool(db.pool({ max: 1 })))).toEqual(bare)
    expect(db.recorder.open()).toEqual([])
    const [span, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(span).toMatchObject({ name: 'COPY items', kind: SpanKind.CLIENT, links: [] })
    expect(span?.attributes).toMatchObject(
      attributes('COPY items TO STDOUT', { 'db.query.summary': 'COPY items' }),
    )
  })
})

describe('a notice', () => {
  it('belongs to no trace, whichever caller opened the connection or runs the query', async () => {
    const pool = tracePool(db.pool())
    const client = await withSpan('opener', () => pool.connect())
    const seen = new Promise(resolve => client.on('notice', () => resolve(trace.getActiveSpan())))
    await withSpan('caller', () => client.query("DO $$ BEGIN RAISE NOTICE 'x'; END $$"))
    expect(await seen).toBeUndefined()
    client.release()
    expect(db.recorder.spans().map(({ name }) => name)).toEqual(['opener', 'DO', 'caller'])
  })
})

describe('a config that is used again', () => {
  it('is sent each time with only the comment of its own span', async () => {
    const pool = tracePool(db.pool({ max: 1 }), { comment: true })
    const config = {
      text: 'SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid() AND $1',
      values: [true],
    }
    const given = structuredClone(config)
    const sent = [await pool.query(config), await pool.query(config)].map(
      ({ rows }) => rows[0]?.query as string,
    )
    expect(config).toEqual(given)
    expect(sent).toEqual(
      db.recorder
        .spans()
        .map(span => span.spanContext())
        .map(({ traceId, spanId }) => `${given.text} /*traceparent='00-${traceId}-${spanId}-01'*/`),
    )
  })
})
