import { SpanKind } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient, tracePool } from '@spanwright/pg'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import knex from 'knex'
import { Kysely, PostgresDialect } from 'kysely'
import * as pg from 'pg'
import { type Client, Pool, type PoolConfig } from 'pg'
import pgPromise from 'pg-promise'
import { Sequelize } from 'sequelize'
import { DataSource } from 'typeorm'

import { useDatabase } from '../database.ts'

const db = useDatabase([
  'CREATE TABLE users (id int PRIMARY KEY, name text)',
  "INSERT INTO users VALUES (1, 'Ann')",
])

/** Names of the spans below the caller's, in the order they started. */
function below(): string[] {
  const [caller] = db.recorder.tree()
  return caller?.children.map(({ span }) => span.name) ?? []
}

describe('Knex, whose connections are traced as it makes them', () => {
  it('has a span for each query, in the trace of its caller', async () => {
    const query = knex({
      client: 'pg',
      connection: db.config() as never,
      pool: {
        min: 0,
        max: 1,
        afterCreate(client: Client, done: (error: unknown, client: Client) => void) {
          done(undefined, traceClient(client))
        },
      },
    })
    db.later(() => query.destroy())
    await query.raw('SELECT 1')
    await db.recorder.reset()

    const rows = await withSpan('caller', async () => {
      await query.transaction(async transaction => {
        await transaction('users').where({ id: 1 }).update({ name: 'Bea' })
      })
      return query('users').select('name').where('id', '=', 1)
    })

    expect(rows).toEqual([{ name: 'Bea' }])
    expect(below()).toEqual(['BEGIN', 'update "users"', 'COMMIT', 'select "users"'])
    expect(db.recorder.spans().find(({ name }) => name === 'select "users"')).toMatchObject({
      kind: SpanKind.CLIENT,
      attributes: { 'db.query.text': 'select "name" from "users" where "id" = $1' },
    })
  })
})

describe('Drizzle on a traced pool', () => {
  it('has a span for each query, in the trace of its caller', async () => {
    const users = pgTable('users', { id: integer().primaryKey(), name: text() })
    const orm = drizzle({ client: tracePool(db.pool()) })

    const rows = await withSpan('caller', async () => {
      await orm.transaction(async transaction => {
        await transaction.insert(users).values({ id: 2, name: 'Cid' })
        await transaction.delete(users).where(sql`id = 2`)
      })
      return orm.select().from(users)
    })

    expect(rows).toHaveLength(1)
    expect(below()).toEqual(['begin', 'insert "users"', 'delete "users"', 'commit', 'select "users"'])
  })
})

describe('Kysely on a traced pool', () => {
  it('has a span for each query, in the trace of its caller', async () => {
    interface Tables {
      users: { id: number; name: string }
    }
    const orm = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: tracePool(db.pool()) }) })

    const rows = await withSpan('caller', async () => {
      await orm.transaction().execute(async transaction => {
        await transaction.insertInto('users').values({ id: 3, name: 'Dan' }).execute()
        await transaction.deleteFrom('users').where('id', '=', 3).execute()
      })
      return orm.selectFrom('users').select('id').execute()
    })

    expect(rows).toEqual([{ id: 1 }])
    expect(below()).toEqual(['begin', 'insert "users"', 'delete "users"', 'commit', 'select "users"'])
    await expect(orm.insertInto('users').values({ id: 1, name: 'Eve' }).execute()).rejects.toMatchObject({
      code: '23505',
    })
    expect(db.recorder.spans().at(-1)?.attributes).toMatchObject({ 'error.type': '23505' })
  })
})

describe('TypeORM with a pool class of its own', () => {
  it('has a span for each query, in the trace of its caller', async () => {
    class TracedPool extends Pool {
      constructor(options?: PoolConfig) {
        super(options)
        tracePool(this, { poolName: 'typeorm' })
      }
    }
    const { host, port, user, password, database } = db.server
    const source = new DataSource({
      type: 'postgres',
      driver: { ...pg, Pool: TracedPool },
      host,
      port,
      username: user,
      password,
      database,
    })
    await source.initialize()
    db.later(() => source.destroy())
    await db.recorder.reset()

    const rows = await withSpan('caller', async () => {
      await source.transaction(async manager => {
        await manager.query('UPDATE users SET name = $1 WHERE id = $2', ['Bea', 1])
      })
      return source
        .createQueryBuilder()
        .select('u.name')
        .from('users', 'u')
        .where('u.id = :id', { id: 1 })
        .getRawMany()
    })

    expect(rows).toEqual([{ name: 'Bea' }])
    expect(below()).toEqual(['START TRANSACTION', 'UPDATE users', 'COMMIT', 'SELECT "users"'])
    expect(db.recorder.open()).toEqual([])
  })
})

describe('Sequelize, whose connections are traced as it makes them', () => {
  it('has a span for each query, in the trace of its caller', async () => {
    const { host, port, user, password, database } = db.server
    const sequelize = new Sequelize(database, user, password, {
      host,
      port,
      dialect: 'postgres',
      logging: false,
    })
    sequelize.addHook('afterConnect', connection => void traceClient(connection as Client))
    db.later(() => sequelize.close())
    await sequelize.query('SELECT 1')
    await db.recorder.reset()

    const [rows] = await withSpan('caller', async () => {
      await sequelize.transaction(async transaction => {
        await sequelize.query('UPDATE users SET name = $1 WHERE id = $2', { bind: ['Cid', 1], transaction })
      })
      return sequelize.query("SELECT name FROM users WHERE name = 'Cid'")
    })

    expect(rows).toEqual([{ name: 'Cid' }])
    expect(below()).toEqual(['START TRANSACTION', 'UPDATE users', 'COMMIT', 'SELECT users'])
    expect(db.recorder.spans().find(({ name }) => name === 'SELECT users')?.attributes).toMatchObject({
      'db.query.text': 'SELECT name FROM users WHERE name = ?',
      'db.response.returned_rows': 1,
    })
    expect(db.recorder.open()).toEqual([])
  })
})

describe('pg-promise, whose clients are traced as it connects them', () => {
  it('has a span for each query, in the trace of its caller', async () => {
    const pgp = pgPromise({ noWarnings: true, connect: ({ client }) => void traceClient(client as never) })
    const { host, port, user, password, database } = db.server
    const target = pgp({ host, port, user, password, database, max: 1 })
    db.later(() => target.$pool.end())

    const rows = await withSpan('caller', async () => {
      await target.tx(async transaction => {
        await transaction.none('UPDATE users SET name = $1 WHERE id = $2', ['Dan', 1])
      })
      return target.any('SELECT name FROM users WHERE id = 1')
    })

    expect(rows).toEqual([{ name: 'Dan' }])
    expect(below()).toEqual(['begin', 'UPDATE users', 'commit', 'SELECT users'])
    await expect(target.one('SELECT broken')).rejects.toMatchObject({ code: '42703' })
    expect(db.recorder.spans().at(-1)?.attributes).toMatchObject({ 'error.type': '42703' })
    expect(db.recorder.open()).toEqual([])
  })
})
