import { context, createContextKey, ROOT_CONTEXT } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient, tracePool } from '@spanwright/pg'

import { useDatabase } from './database.ts'

const db = useDatabase()
const CALLER = createContextKey('caller')

/** Runs a function in a context that identifies the caller. */
function as<T>(name: string, call: () => T): T {
  return context.with(ROOT_CONTEXT.setValue(CALLER, name), call)
}

function caller(): unknown {
  return context.active().getValue(CALLER)
}

describe('queries that wait for the one connection of a pool', () => {
  it('belong to the traces of their callers, not to that of the caller that released it', async () => {
    const pool = tracePool(db.pool({ max: 1 }))

    await Promise.all(
      ['a', 'b', 'c'].map(name =>
        withSpan(name, async () => {
          await pool.query(`SELECT pg_sleep(0.02), 1 AS ${name}`)
          await pool.query(`SELECT 2 AS ${name}`)
        }),
      ),
    )

    const trees = db.recorder.tree()
    expect(trees.map(({ span }) => span.name)).toEqual(['a', 'b', 'c'])
    for (const { span, children } of trees) {
      expect(children.map(child => child.span.attributes['db.query.text'])).toEqual([
        `SELECT pg_sleep(?), ? AS ${span.name}`,
        `SELECT ? AS ${span.name}`,
      ])
    }
  })

  it('record how long they waited, and their span covers wait and query', async () => {
    const pool = tracePool(db.pool({ max: 1 }))
    const first = pool.query('SELECT pg_sleep(0.1)')
    const second = pool.query('SELECT 2')
    await Promise.all([first, second])

    const [, waited] = db.recorder.spans()
    const [seconds, nanoseconds] = waited?.duration ?? [0, 0]
    const wait = waited?.attributes['spanwright.db.wait_time'] as number
    expect(wait).toBeGreaterThan(0.09)
    expect(seconds + nanoseconds / 1e9).toBeGreaterThanOrEqual(wait)
  })

  it('run their callbacks in the context of their callers', async () => {
    const pool = tracePool(db.pool({ max: 1 }))
    const query = (text: string): Promise<unknown> =>
      new Promise(resolve => pool.query(text, () => resolve(caller())))
    const connect = (): Promise<unknown> =>
      new Promise(resolve =>
        pool.connect((_error, _client, release) => {
          resolve(caller())
          release()
        }),
      )
    const seen = await Promise.all([
      as('a', () => query('SELECT pg_sleep(0.01)')),
      as('b', () => query('SELECT 2')),
      as('c', () => connect()),
      as('d', () => query('SELECT broken')),
      query('SELECT 5'),
    ])
    expect(seen).toEqual(['a', 'b', 'c', 'd', undefined])
  })
})

describe('queries that wait for their turn on one client', () => {
  it('run their callbacks in the context of their callers', async () => {
    const client = traceClient(await db.client())
    const query = (text: string): Promise<unknown> =>
      new Promise(resolve => client.query(text, () => resolve(caller())))
    const seen = await Promise.all([
      as('a', () => query('SELECT 1')),
      as('b', () => query('SELECT 2')),
      query('SELECT 3'),
    ])
    expect(seen).toEqual(['a', 'b', undefined])
  })
})

describe('a connection', () => {
  it('calls back in the context in which it was opened', async () => {
    const { Client } = await import('pg')
    const client = traceClient(new Client(db.config()))
    const seen = await new Promise(resolve => as('a', () => client.connect(() => resolve(caller()))))
    expect(seen).toBe('a')
    await client.end()
  })

  it('requests its password in the context in which it was opened', async () => {
    let seen: unknown
    const pool = tracePool(
      db.pool({
        password: async () => {
          seen = caller()
          return db.server.password
        },
      }),
    )
    await as('a', () => pool.query('SELECT 1'))
    expect(seen).toBe('a')
  })

  it('keeps no context of the caller that opened it: a notification belongs to no trace', async () => {
    const pool = tracePool(db.pool())
    const client = await as('opener', () => pool.connect())
    await as('listener', () => client.query('LISTEN news'))
    const notified = new Promise(resolve => client.on('notification', () => resolve(caller())))
    await as('notifier', () => pool.query("NOTIFY news, 'x'"))
    expect(await notified).toBeUndefined()
    client.release()
  })

  it.each(['notification', 'notice'])(
    'opened before it was traced keeps a %s out of the context it was opened in',
    async event => {
      const { Client } = await import('pg')
      const client = new Client(db.config())
      await as('opener', () => client.connect())
      traceClient(client)
      const heard = new Promise<unknown[]>(resolve =>
        client.on(event as 'notice', message =>
          resolve([caller(), message.name, client.listenerCount(event)]),
        ),
      )
      await as('listener', () => client.query("LISTEN news; DO $$ BEGIN RAISE NOTICE 'x'; END $$"))
      await as('notifier', () => client.query("NOTIFY news, 'x'"))
      expect(await heard).toEqual([undefined, event, 1])
      await client.end()
    },
  )
})
