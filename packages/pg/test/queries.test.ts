import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { tracePool, traceClient } from '@spanwright/pg'
import { type Client, type PoolClient, Query, type QueryConfig } from 'pg'

import { useDatabase } from './database.ts'
import { version } from '../package.json'

const db = useDatabase([
  'CREATE TABLE users (id int PRIMARY KEY, name text)',
  "INSERT INTO users VALUES (7, 'Ann')",
  'CREATE PROCEDURE adopt(n int) LANGUAGE sql AS $$ UPDATE users SET id = id WHERE id = n $$',
])

type Shape = readonly [name: string, call: (target: Client, config: QueryConfig) => unknown]

const WITH_VALUES: readonly Shape[] = [
  ['text and values', (c, { text, values }) => c.query(text, values)],
  ['a config', (c, config) => c.query(config)],
  ['a config and values', (c, { text, values }) => c.query({ text } as never, values)],
  ['a frozen config', (c, config) => c.query(Object.freeze({ ...config }))],
  ['a named statement', (c, config) => c.query({ ...config, name: 'by-id' })],
  ['text, values and a callback', (c, { text, values }) => called(done => c.query(text, values as [], done))],
  ['a config and a callback', (c, config) => called(done => c.query(config, done as never))],
  [
    'a config, values and a callback',
    (c, { text, values }) => called(done => c.query({ text } as never, values as [], done)),
  ],
  [
    'an object of a template library',
    (c, config) =>
      c.query(
        new (class {
          get text(): string {
            return config.text
          }
          get values(): unknown[] {
            return config.values ?? []
          }
        })(),
      ),
  ],
]

const WITHOUT_VALUES: readonly Shape[] = [
  ['text', (c, { text }) => c.query(text)],
  ['text and a callback', (c, { text }) => called(done => c.query(text, done as never))],
  ['a config', (c, { text }) => c.query({ text })],
  ['text and no values', (c, { text }) => c.query(text, [])],
]

function called(call: (done: (error: Error, result: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => call((error, result) => (error ? reject(error) : resolve(result))))
}

describe.each([
  ['a pool', async () => tracePool(db.pool()), 'number'],
  ['a client of a pool', async () => checkedOut(), 'undefined'],
  ['a client', async () => traceClient(await db.client()), 'undefined'],
])('a query on %s', (_, connect, waits) => {
  it.each(WITH_VALUES)('with %s has one span with the unchanged text', async (_shape, call) => {
    const target = (await connect()) as Client
    const config = { text: 'SELECT name FROM users WHERE id = $1', values: [7] }

    const result = await withSpan('caller', () => call(target, config))

    expect(result).toMatchObject({ rows: [{ name: 'Ann' }], rowCount: 1 })
    expect(config).toEqual({ text: 'SELECT name FROM users WHERE id = $1', values: [7] })
    const [query, caller, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(query).toMatchObject({
      name: 'SELECT users',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      events: [],
      links: [],
      parentSpanContext: { spanId: caller?.spanContext().spanId },
      instrumentationScope: { name: '@spanwright/pg', version },
    })
    const { 'spanwright.db.wait_time': waited, ...attributes } = query?.attributes ?? {}
    expect(attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.query.text': 'SELECT name FROM users WHERE id = $1',
      'db.query.summary': 'SELECT users',
      'db.response.returned_rows': 1,
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
    })
    expect(typeof waited).toBe(waits)
    expect(db.recorder.open()).toEqual([])
  })

  it.each(WITHOUT_VALUES)('with %s has one span with masked literals', async (_shape, call) => {
    const target = (await connect()) as Client

    await call(target, { text: "SELECT name FROM users WHERE name = 'Ann' AND id = 7" })

    expect(db.recorder.spans()).toMatchObject([
      {
        name: 'SELECT users',
        attributes: { 'db.query.text': 'SELECT name FROM users WHERE name = ? AND id = ?' },
      },
    ])
  })

  it('returns rows as arrays when requested', async () => {
    const target = (await connect()) as Client
    const { rows } = await target.query({ text: 'SELECT 1, 2', rowMode: 'array' })
    expect(rows).toEqual([[1, 2]])
    expect(db.recorder.spans()).toHaveLength(1)
  })

  it('accepts values with a toPostgres() of their own', async () => {
    const target = (await connect()) as Client
    const { rows } = await target.query('SELECT $1::int AS n', [{ toPostgres: () => 42 }])
    expect(rows).toEqual([{ n: 42 }])
  })

  it('refuses what node-postgres refuses', async () => {
    const target = (await connect()) as Client
    await expect(async () => target.query(undefined as never)).rejects.toThrow(
      'Client was passed a null or undefined query',
    )
    await expect(target.query({} as never)).rejects.toThrow('A query must have either text or a name')
    await expect(target.query('SELECT 1', 'x' as never)).rejects.toThrow('Query values must be an array')
    expect(db.recorder.open()).toEqual([])
    expect(db.recorder.spans().map(span => span.status.code)).toEqual([
      SpanStatusCode.ERROR,
      SpanStatusCode.ERROR,
    ])
  })
})

describe('queries', () => {
  it('of handlers of connect are traced too', async () => {
    const pool = db.pool()
    pool.on('connect', client => void client.query("SET application_name = 'x'"))
    tracePool(pool)
    await pool.query('SELECT 1')
    expect(db.recorder.spans().map(span => span.name)).toEqual(['SET', 'SELECT'])
  })

  it('of clients that the pool had before are traced too', async () => {
    const pool = db.pool()
    await pool.query('SELECT 1')
    tracePool(pool)
    const client = await pool.connect()
    await client.query('SELECT 2')
    client.release()
    expect(db.recorder.spans()).toHaveLength(1)
  })

  it('keep the place of the call in the stack of their error', async () => {
    const client = traceClient(await db.client())
    async function findTheCall(): Promise<void> {
      await client.query('SELECT broken')
    }
    const error = await findTheCall().catch((e: unknown) => e as Error)
    expect((error as Error).stack).toContain('findTheCall')
  })

  it('without a known operation are named after the system', async () => {
    const client = traceClient(await db.client())
    await client.query('')
    await client.query('-- nothing')
    expect(db.recorder.spans().map(span => [span.name, span.attributes['db.query.text']])).toEqual([
      ['postgresql', undefined],
      ['postgresql', ''],
    ])
  })
})

async function checkedOut(): Promise<PoolClient> {
  const client = await tracePool(db.pool()).connect()
  db.later(() => client.release())
  return client
}

describe('a callback in a config', () => {
  it('is called by a client, and the config is unchanged', async () => {
    const client = traceClient(await db.client())
    const result = await called(done => {
      const config = Object.freeze({ text: 'SELECT $1::int AS n', values: [1], callback: done })
      client.query(config as never)
      expect(config.callback).toBe(done)
    })
    expect(result).toMatchObject({ rows: [{ n: 1 }] })
    expect(db.recorder.spans()).toHaveLength(1)
  })

  it('is passed over by a pool, as without tracing', async () => {
    const pool = tracePool(db.pool())
    const callback = (): never => {
      throw new Error('was called')
    }
    const result: unknown = await pool.query({ text: 'SELECT 1 AS n', callback } as QueryConfig)
    expect(result).toMatchObject({ rows: [{ n: 1 }] })
    expect(db.recorder.spans()).toHaveLength(1)
  })
})

describe('several statements in one text', () => {
  it('make one span that counts them', async () => {
    const client = traceClient(await db.client())
    await client.query("BEGIN; INSERT INTO users VALUES (8, 'Bea'); SELECT * FROM users; ROLLBACK")
    const [span, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(span?.name).toBe('BATCH')
    expect(span?.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.query.text': 'BEGIN; INSERT INTO users VALUES (?, ?); SELECT * FROM users; ROLLBACK',
      'db.query.summary': 'BATCH',
      'db.operation.batch.size': 4,
      'db.response.returned_rows': 2,
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
    })
  })

  it('are collapsed into one when they differ only in values', async () => {
    const client = traceClient(await db.client())
    await client.query("DELETE FROM users WHERE name = 'x';\nDELETE FROM users WHERE name = 'y';")
    const [span] = db.recorder.spans()
    expect(span?.name).toBe('BATCH DELETE users')
    expect(span?.attributes).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.query.text': 'DELETE FROM users WHERE name = ?',
      'db.query.summary': 'BATCH DELETE users',
      'db.operation.batch.size': 2,
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
    })
  })
})

describe('a procedure', () => {
  it.each([
    ['CALL adopt(7)', 'adopt', 'CALL adopt', 'CALL adopt(?)'],
    [
      'call Shop . "adopt all" ( 7, (SELECT \'x\') )',
      'Shop."adopt all"',
      'call Shop."adopt all" SELECT',
      'call Shop . "adopt all" ( ?, (SELECT ?) )',
    ],
    ['CALL adopt(1); CALL adopt(2)', 'adopt', 'BATCH CALL adopt', 'CALL adopt(?)'],
    ['CALL adopt(1); SELECT 1', undefined, 'BATCH', 'CALL adopt(?); SELECT ?'],
  ])('that is called is named: %s', async (text, procedure, summary, masked) => {
    const client = traceClient(await db.client())
    await client.query(text).catch(() => undefined)
    const [span, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(span?.name).toBe(summary)
    expect(span?.attributes).toMatchObject({ 'db.query.text': masked, 'db.query.summary': summary })
    expect(span?.attributes['db.stored_procedure.name']).toBe(procedure)
  })
})

describe('a statement that returns no rows', () => {
  it('has no row count', async () => {
    const client = traceClient(await db.client())
    await client.query('CREATE TEMP TABLE t (id int)')
    await client.query('INSERT INTO t VALUES (1), (2)')
    await client.query('DELETE FROM t RETURNING id')
    expect(db.recorder.spans().map(span => span.attributes['db.response.returned_rows'])).toEqual([
      undefined,
      undefined,
      2,
    ])
  })
})

describe('a query object', () => {
  it('given to a pool makes one span', async () => {
    const pool = tracePool(db.pool())
    const query = new Query('SELECT 1 AS one')
    const result: unknown = await pool.query(query as unknown as QueryConfig)
    expect(result).toMatchObject({ rows: [{ one: 1 }] })
    expect(db.recorder.spans().map(span => span.name)).toEqual(['SELECT'])
  })
})
