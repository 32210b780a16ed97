import { inspect } from 'node:util'

import { SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient, tracePool } from '@spanwright/pg'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import knex from 'knex'
import * as pg from 'pg'
import type { Client } from 'pg'
import { Sequelize } from 'sequelize'
import { DataSource } from 'typeorm'

import { useDatabase } from './database.ts'

const db = useDatabase()

const SECRET = 'sesame'
const QUOTING = `SELECT '${SECRET}'::int`

/** Makes a call that fails in a span; the error, and all that the spans tell. */
async function failIn(work: () => Promise<unknown>, options = {}): Promise<{ error: Error; told: string }> {
  const error = await withSpan('handler', work, options).then(
    () => {
      throw new Error('did not fail')
    },
    (reason: unknown) => reason as Error,
  )
  const spans = db.recorder.spans()
  expect(spans.at(-1)).toMatchObject({ name: 'handler', status: { code: SpanStatusCode.ERROR } })
  const told = spans.map(({ name, status, attributes, events }) => ({ name, status, attributes, events }))
  return { error, told: inspect(told, { depth: 9, maxStringLength: null }) }
}

function knexOf(trace = true): ReturnType<typeof knex> {
  const query = knex({
    client: 'pg',
    connection: db.config() as never,
    pool: {
      min: 0,
      max: 1,
      afterCreate(client: Client, done: (error: unknown, client: Client) => void) {
        done(undefined, trace ? traceClient(client) : client)
      },
    },
  })
  db.later(() => query.destroy())
  return query
}

class TracedPool extends pg.Pool {
  constructor(options: pg.PoolConfig) {
    super(options)
    tracePool(this)
  }
}

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  'a pool': () => tracePool(db.pool()).query(QUOTING),
  'a pool, by callback': () =>
    new Promise((resolve, reject) => {
      tracePool(db.pool()).query(QUOTING, (error, result) => (error ? reject(error) : resolve(result)))
    }),
  'a client': async () => traceClient(await db.client()).query(QUOTING),
  'a query object': async () => {
    const client = traceClient(await db.client())
    await new Promise((resolve, reject) => {
      client.query(new pg.Query(QUOTING)).on('end', resolve).on('error', reject)
    })
  },
  'an error that is wrapped': () =>
    tracePool(db.pool())
      .query(QUOTING)
      .catch((cause: unknown) => {
        throw new Error(`cannot count ${SECRET}`, { cause })
      }),
  Drizzle: () => drizzle({ client: tracePool(db.pool()) }).execute(sql`SELECT ${SECRET}::int`),
  Knex: () => knexOf().raw(QUOTING),
  Sequelize: async () => {
    const sequelize = new Sequelize({ dialect: 'postgres', logging: false, ...sequelizeTarget() })
    db.later(() => sequelize.close())
    sequelize.addHook('afterConnect', connection => {
      traceClient(connection as Client)
    })
    await sequelize.query(QUOTING)
  },
  TypeORM: async () => {
    const { user, ...target } = db.config()
    const source = new DataSource({
      type: 'postgres',
      ...(target as object),
      username: user as string,
      driver: { ...pg, Pool: TracedPool },
    })
    await source.initialize()
    db.later(() => source.destroy())
    await source.query(QUOTING)
  },
}

function sequelizeTarget(): object {
  const { host, port, database, user, password } = db.config()
  return { host, port, database, username: user, password }
}

describe('an error that quotes a value and leaves the code around the query', () => {
  it.each(Object.entries(WAYS))('shows SQLSTATE and condition on every span: %s', async (_, work) => {
    const { error, told } = await failIn(work)

    expect(inspect(error)).toContain(SECRET)
    expect(told).not.toContain(SECRET)
    expect(told.split('22P02 invalid_text_representation').length).toBeGreaterThan(4)
  })

  it.each(Object.entries(WAYS))(
    'is shown with errorMessages raw, by the span that has it: %s',
    async (_, work) => {
      const { told } = await failIn(work, { errorMessages: 'raw' })
      expect(told.match(new RegExp(SECRET, 'g'))?.length).toBeGreaterThan(1)
    },
  )

  it.each([
    ['traced', {}],
    ['ignored', { ignore: () => true }],
  ])('shows its class alone where a parser of types made it, in a query that is %s', async (_, options) => {
    const types = {
      getTypeParser: () => (value: string) => {
        throw new RangeError(`no number: ${value}`)
      },
    }
    const pool = tracePool(db.pool(), options)
    const { error, told } = await failIn(() => pool.query({ text: QUOTING.replace('::int', ''), types }))

    expect(error).toEqual(new RangeError(`no number: ${SECRET}`))
    expect(told).not.toContain(SECRET)
    expect(told).toContain(`'exception.type': 'RangeError'`)
  })

  it('of node-postgres itself that holds no data stays', async () => {
    const pool = tracePool(db.pool())
    await pool.end()
    const { told } = await failIn(() => pool.query('SELECT 1'))
    expect(told.split('Cannot use a pool after calling end on the pool').length).toBeGreaterThan(4)
  })
})

describe('the stack that an application prints', () => {
  it('begins as without tracing, with what Knex has put before the message', async () => {
    const printed = async (trace: boolean, recordExceptions: boolean): Promise<string | undefined> => {
      const query = knexOf(trace)
      const { error } = await failIn(() => query.raw(QUOTING), { recordExceptions })
      await db.recorder.reset()
      return error.stack?.split('\n')[0]
    }
    const bare = await failIn(() => knexOf(false).raw(QUOTING), {}).then(({ error }) => error)
    expect(bare.message).toContain(QUOTING)
    await db.recorder.reset()
    const first = bare.stack?.split('\n')[0]
    expect(first).toContain(QUOTING)
    expect([await printed(true, true), await printed(true, false)]).toEqual([first, first])
  })
})
