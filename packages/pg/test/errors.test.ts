import { once } from 'node:events'
import { createServer } from 'node:net'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { listen } from '@spanwright/test-kit'
import { traceClient, tracePool } from '@spanwright/pg'
import { Client, Pool } from 'pg'

import { useDatabase } from './database.ts'

const db = useDatabase([
  'CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE)',
  "INSERT INTO users VALUES (1, 'ann@example.org')",
])

async function rejectionOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => {
      throw new Error('did not fail')
    },
    (error: unknown) => error as Error,
  )
}

describe('an error of the server', () => {
  it('shows SQLSTATE and condition, and none of the values its message quotes', async () => {
    const client = traceClient(await db.client())

    const error = await rejectionOf(client.query("INSERT INTO users VALUES (2, 'ann@example.org')"))

    expect(error).toMatchObject({ code: '23505', detail: 'Key (email)=(ann@example.org) already exists.' })
    const [span, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(span).toMatchObject({
      name: 'INSERT users',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.ERROR, message: '23505 unique_violation' },
      links: [],
      events: [
        {
          name: 'exception',
          attributes: { 'exception.type': 'error', 'exception.message': '23505 unique_violation' },
        },
      ],
    })
    expect(span?.parentSpanContext).toBeUndefined()
    expect(span?.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.query.text': 'INSERT INTO users VALUES (?, ?)',
      'db.query.summary': 'INSERT users',
      'db.response.status_code': '23505',
      'error.type': '23505',
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
      'spanwright.db.error.schema': 'public',
      'spanwright.db.error.table': 'users',
      'spanwright.db.error.constraint': 'users_email_key',
    })
    expect(String(span?.events[0]?.attributes?.['exception.stacktrace'])).toMatch(
      /^error: 23505 unique_violation\n {4}at /,
    )
  })

  it('shows no value in its stack, even one with line breaks', async () => {
    const client = traceClient(await db.client())
    await rejectionOf(client.query("SELECT 'secret\n    at secret'::int"))
    const [span] = db.recorder.spans()
    expect(span?.status.message).toBe('22P02 invalid_text_representation')
    expect(JSON.stringify([span?.attributes, span?.events, span?.status])).not.toContain('secret')
  })

  it('is the error a bare client gives', async () => {
    const bare = await rejectionOf((await db.client()).query('SELECT broken'))
    const traced = await rejectionOf(traceClient(await db.client()).query('SELECT broken'))
    expect(traced).toEqual(bare)
    expect(traced.constructor).toBe(bare.constructor)
  })

  it('reaches a callback unchanged, and ends the span', async () => {
    const pool = tracePool(db.pool())
    const error = await new Promise(resolve => pool.query('SELECT broken', resolve))
    expect(error).toMatchObject({ code: '42703' })
    expect(db.recorder.spans()).toMatchObject([{ attributes: { 'error.type': '42703' } }])
  })

  it('adds no exception event when that is switched off', async () => {
    const client = traceClient(await db.client(), { recordExceptions: false })
    await rejectionOf(client.query('SELECT broken'))
    expect(db.recorder.spans()).toMatchObject([{ events: [], status: { message: '42703 undefined_column' } }])
  })
})

describe('a failed connection', () => {
  /** A port without a listener. */
  async function closedPort(): Promise<number> {
    const server = createServer()
    const port = await listen(server)
    server.close()
    await once(server, 'close')
    return port
  }

  async function failing(pool: Pool): Promise<unknown> {
    const error = await rejectionOf(tracePool(pool).query('SELECT 1'))
    await pool.end()
    const [span, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(span).toMatchObject({ name: 'SELECT', status: { code: SpanStatusCode.ERROR } })
    expect(span?.attributes['db.namespace']).toBe(pool.options.database)
    return [
      error.code ?? error.message,
      span?.attributes['error.type'],
      span?.status.message,
      span?.attributes['db.response.status_code'],
    ]
  }

  it('that was refused makes one span with the code of the network', async () => {
    const port = await closedPort()
    const message = `connect ECONNREFUSED 127.0.0.1:${port}`
    expect(await failing(new Pool(db.config({ port })))).toEqual([
      'ECONNREFUSED',
      'ECONNREFUSED',
      message,
      undefined,
    ])
  })

  it('with a wrong password makes one span with SQLSTATE', async () => {
    expect(await failing(new Pool(db.config({ password: 'wrong' })))).toEqual([
      '28P01',
      '28P01',
      '28P01 invalid_password',
      '28P01',
    ])
  })

  it('to an unknown database makes one span with SQLSTATE', async () => {
    expect(await failing(new Pool(db.config({ database: 'nowhere' })))).toEqual([
      '3D000',
      '3D000',
      '3D000 invalid_catalog_name',
      '3D000',
    ])
  })

  it('of a pool that has no free connection in time makes one span with a timeout', async () => {
    const pool = tracePool(db.pool({ max: 1 }))
    const client = await pool.connect()
    // Set only now, so that a slow first connection is not the one that fails.
    pool.options.connectionTimeoutMillis = 30
    await rejectionOf(pool.query('SELECT 1'))
    client.release()
    expect(db.recorder.spans()).toMatchObject([
      {
        name: 'SELECT',
        status: { code: SpanStatusCode.ERROR, message: 'timeout exceeded when trying to connect' },
        attributes: { 'error.type': 'timeout' },
      },
    ])
  })
})

describe('an interrupted query', () => {
  it('because its session was terminated makes one span with SQLSTATE', async () => {
    const client = traceClient(await db.client())
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    await db.recorder.reset()
    const failed = rejectionOf(client.query('SELECT pg_sleep(60)'))
    await (await db.client()).query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await failed
    expect(db.recorder.spans()).toMatchObject([
      { status: { message: '57P01 admin_shutdown' }, attributes: { 'error.type': '57P01' } },
    ])
  })

  it('because it was cancelled makes one span with SQLSTATE', async () => {
    const client = traceClient(await db.client())
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    await db.recorder.reset()
    const failed = rejectionOf(client.query('SELECT pg_sleep(60)'))
    await (await db.client()).query('SELECT pg_cancel_backend($1)', [rows[0].pid])
    await failed
    expect(db.recorder.spans()).toMatchObject([{ attributes: { 'error.type': '57014' } }])
  })

  it('because of statement_timeout makes one span with SQLSTATE', async () => {
    const pool = tracePool(db.pool({ statement_timeout: 20 }))
    await rejectionOf(pool.query('SELECT pg_sleep(60)'))
    expect(db.recorder.spans()).toMatchObject([
      { status: { message: '57014 query_canceled' }, attributes: { 'db.response.status_code': '57014' } },
    ])
  })

  it.each(['promise', 'callback'])(
    'because of query_timeout makes one span with a timeout (%s)',
    async style => {
      const client = new Client(db.config({ query_timeout: 20 }))
      client.on('error', () => {})
      traceClient(client)
      await client.connect()
      if (style === 'promise') await rejectionOf(client.query('SELECT pg_sleep(60)'))
      else await new Promise(resolve => client.query('SELECT pg_sleep(60)', resolve))
      expect(db.recorder.spans()).toMatchObject([
        { status: { message: 'Query read timeout' }, attributes: { 'error.type': 'timeout' } },
      ])
      await client.end()
      expect(db.recorder.spans()).toHaveLength(1)
    },
  )

  it('because the client was ended makes one span with an error', async () => {
    const client = traceClient(new Client(db.config()))
    await client.connect()
    const failed = rejectionOf(client.query('SELECT pg_sleep(60)'))
    await client.end()
    expect((await failed).message).toBe('Connection terminated')
    expect(db.recorder.spans()).toMatchObject([{ attributes: { 'error.type': 'connection_terminated' } }])
  })
})

describe('a server that dies', () => {
  it('ends the spans of all running queries', async () => {
    const pool = tracePool(db.pool({ max: 2 }))
    await Promise.all([pool.query('SELECT 1'), pool.query('SELECT 1')])
    await db.recorder.reset()
    const failures = [1, 2].map(() => rejectionOf(pool.query('SELECT pg_sleep(60)')))
    await db.server.crash()
    await Promise.all(failures)
    expect(db.recorder.open()).toEqual([])
    expect(db.recorder.spans().map(span => span.status.code)).toEqual([
      SpanStatusCode.ERROR,
      SpanStatusCode.ERROR,
    ])
    await db.server.restart()
  })
})
