import { describe, expect, it } from '@jest/globals'
import { traceClient, tracePool } from '@spanwright/pg'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import knex from 'knex'
import * as pg from 'pg'
import type { Client } from 'pg'
import { Sequelize } from 'sequelize'
import { DataSource } from 'typeorm'

import { useDatabase } from '../database.ts'
import { failIn, QUOTING, SECRET, testQuotedValues } from '../error-text.ts'

const db = useDatabase()

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
  testQuotedValues(() => db.recorder, WAYS)
})

describe('the stack that an application prints', () => {
  it('begins as without tracing, with what Knex puts before the message', async () => {
    const printed = async (trace: boolean, recordExceptions: boolean): Promise<string | undefined> => {
      const query = knexOf(trace)
      const { error } = await failIn(db.recorder, () => query.raw(QUOTING), { recordExceptions })
      await db.recorder.reset()
      return error.stack?.split('\n')[0]
    }
    const bare = await failIn(db.recorder, () => knexOf(false).raw(QUOTING), {}).then(({ error }) => error)
    expect(bare.message).toContain(QUOTING)
    await db.recorder.reset()
    const first = bare.stack?.split('\n')[0]
    expect(first).toContain(QUOTING)
    expect([await printed(true, true), await printed(true, false)]).toEqual([first, first])
  })
})
