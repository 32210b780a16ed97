import { once } from 'node:events'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ClientTracingOptions, type PoolTracingOptions, traceClient, tracePool } from '@spanwright/pg'
import { type PostgresService, startPostgres } from '@spanwright/services'
import { Client, Pool, Query, type QueryConfig } from 'pg'

import { collectDiag } from '@spanwright/test-kit'
import { breaking, broken, type HostileOptions } from './faults.ts'
import { testEveryFault } from './outcome.ts'

let server: PostgresService
beforeAll(async () => {
  server = await startPostgres({ database: 'shop' })
}, 60_000)
afterAll(() => server.stop())

function config(): { host: string; port: number; user: string; password: string; database: string } {
  const { host, port, user, password, database } = server
  return { host, port, user, password, database: database ?? 'shop' }
}

/** Options that use every part. */
function busy(options: HostileOptions): ClientTracingOptions {
  return {
    ...options,
    transactions: 'span',
    comment: { tags: breaking },
    parameters: true,
    maskParameter: breaking,
  }
}

function busyPool(options: HostileOptions): PoolTracingOptions {
  const metrics = { ...options.metrics, querySummary: true }
  return { ...busy(options), metrics, checkout: 'span', leakThreshold: 60_000 }
}

async function settled(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    const { name, message, code } = error as { name: string; message: string; code?: string }
    return { name, message, code }
  }
}

interface Querying {
  query(text: string | QueryConfig, values?: unknown[]): Promise<{ rows: unknown[] }>
}

async function answersOf(querying: Querying): Promise<unknown> {
  const ask = (text: string | QueryConfig, values?: unknown[]): Promise<unknown> =>
    settled(async () => (await querying.query(text, values)).rows)
  return [
    await ask('SELECT $1::int AS n', [1]),
    await ask({ text: 'SELECT 2 AS n', name: 'two' }),
    await ask('SELECT 1 / 0'),
    await ask('SELECT 1; SELECT 2'),
    await ask(null as unknown as string),
    await ask(Object.freeze({ text: 'SELECT $1::text AS word', values: ['frozen'] })),
  ]
}

async function askWithCallback(querying: { query: unknown }, text: string): Promise<unknown> {
  const query = querying.query as (
    text: string,
    done: (error: { message: string } | null, result?: { rows: unknown[] }) => void,
  ) => void
  return new Promise(resolve =>
    query.call(querying, text, (error, result) => resolve(error ? error.message : result?.rows)),
  )
}

async function inTransaction(client: Querying): Promise<unknown> {
  await client.query('BEGIN')
  const { rows } = await client.query('SELECT 3 AS n')
  await client.query('COMMIT')
  return rows
}

describe('tracePool()', () => {
  testEveryFault('a pool', async options => {
    const bare = new Pool({ ...config(), max: 2 })
    const pool = options ? tracePool(bare, busyPool(options)) : bare
    try {
      const client = await pool.connect()
      const rows = await inTransaction(client)
      client.release()
      return [
        rows,
        await answersOf(pool),
        await askWithCallback(pool, 'SELECT 4 AS n'),
        await askWithCallback(pool, 'SELECT nothing'),
      ]
    } finally {
      await pool.end()
    }
  })

  testEveryFault('a pool that leads nowhere', async options => {
    const bare = new Pool({ ...config(), port: 1 })
    const pool = options ? tracePool(bare, busyPool(options)) : bare
    return settled(() => pool.query('SELECT 1'))
  })
})

describe('traceClient()', () => {
  testEveryFault('a client', async options => {
    const bare = new Client(config())
    const client = options ? traceClient(bare, busy(options)) : bare
    await client.connect()
    try {
      const query = client.query(new Query('SELECT 5 AS n'))
      const [row] = (await once(query, 'row')) as unknown[]
      return [row, await answersOf(client), await askWithCallback(client, 'SELECT 6 AS n')]
    } finally {
      await client.end()
    }
  })
})

describe('an object of node-postgres with wrong values', () => {
  /** Fails at the first reads only, so that node-postgres itself can read it later. */
  const throwingOnce = (value: unknown): PropertyDescriptor => {
    let isRead = false
    return { enumerable: true, get: () => (isRead ? value : ((isRead = true), breaking())) }
  }

  it.each(['text', 'name', 'values', 'submit'])(
    'is sent unchanged when its %s cannot be read at first',
    async property => {
      const client = traceClient(new Client(config()), { comment: true })
      await client.connect()
      const query = { text: 'SELECT 1 AS n' }
      const value = property === 'text' ? query.text : undefined
      try {
        const hidden = Object.defineProperty(query, property, throwingOnce(value))
        expect((await client.query(hidden)).rows).toEqual([{ n: 1 }])
      } finally {
        await client.end()
      }
    },
  )

  it('has no effect as the options of a pool', async () => {
    const pool = new Pool(config())
    const options = pool.options as unknown as object
    Object.defineProperty(options, 'connectionString', throwingOnce(undefined))
    tracePool(pool)
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
    await pool.end()
  })

  it('has no effect as a result', async () => {
    const diagnostics = collectDiag()
    const pool = {
      totalCount: 0,
      connect: () => Promise.resolve(broken),
      query: (text: string, done?: (error: unknown, result: unknown) => void) =>
        done ? done(text === 'fail' ? broken : null, broken) : Promise.reject(broken),
    }
    tracePool(pool, { transactions: 'span' })
    const results: unknown[] = []
    void pool.query('fail', (...given) => results.push(given))
    void pool.query('SELECT 1', (...given) => results.push(given))
    expect(results).toHaveLength(2)
    expect((results[0] as unknown[])[0]).toBe(broken)
    expect((results[1] as unknown[])[1]).toBe(broken)
    await (pool.query('SELECT 1') as Promise<unknown>).then(
      () => results.push('resolved'),
      error => results.push(error),
    )
    expect(results[2]).toBe(broken)
    diagnostics.stop()
  })
})
