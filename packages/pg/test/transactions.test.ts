import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient, tracePool } from '@spanwright/pg'
import type { Client } from 'pg'

import { useDatabase } from './database.ts'

const db = useDatabase(['CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED)'])

async function client(): Promise<Client> {
  return traceClient(await db.client(), { transactions: 'span' })
}

/** The transactions that ended, and the names of the spans below each. */
function transactions(): unknown[] {
  return db.recorder
    .tree()
    .filter(({ span }) => span.name === 'transaction')
    .map(({ span, children }) => [
      span.attributes['spanwright.db.transaction.outcome'],
      span.attributes['spanwright.db.transaction.statements'],
      children.map(child => child.span.name),
    ])
}

describe('a transaction', () => {
  it('has no span by default', async () => {
    const bare = traceClient(await db.client())
    for (const text of ['BEGIN', 'COMMIT']) await bare.query(text)
    expect(db.recorder.spans().map(span => span.name)).toEqual(['BEGIN', 'COMMIT'])
  })

  it('has a span from BEGIN to COMMIT, with its queries below', async () => {
    const target = await client()
    await withSpan('caller', async () => {
      await target.query('BEGIN')
      await target.query('INSERT INTO t VALUES (1)')
      await target.query('DELETE FROM t')
      await target.query('COMMIT')
      await target.query('SELECT 1')
    })
    const [root] = db.recorder.tree()
    expect(root?.children.map(({ span }) => span.name)).toEqual(['transaction', 'SELECT'])
    const transaction = root?.children[0]
    expect(transaction?.span).toMatchObject({
      kind: SpanKind.INTERNAL,
      status: { code: SpanStatusCode.UNSET },
      events: [],
      links: [],
    })
    expect(transaction?.span.attributes).toEqual({
      'db.namespace': 'shop',
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
      'spanwright.db.transaction.outcome': 'commit',
      'spanwright.db.transaction.statements': 2,
      'spanwright.db.transaction.idle_time': expect.any(Number),
    })
    expect(transaction?.children.map(({ span }) => span.name)).toEqual([
      'BEGIN',
      'INSERT t',
      'DELETE t',
      'COMMIT',
    ])
  })

  it('measures how long it was idle', async () => {
    const target = await client()
    await target.query('BEGIN')
    const other = await db.client()
    await other.query('SELECT pg_sleep(0.05)')
    await target.query('SELECT pg_sleep(0.05)')
    await target.query('COMMIT')
    const span = db.recorder.spans().find(({ name }) => name === 'transaction')
    const idle = span?.attributes['spanwright.db.transaction.idle_time'] as number
    expect(idle).toBeGreaterThan(0.049)
    expect(idle).toBeLessThan((span?.duration[0] ?? 0) + (span?.duration[1] ?? 0) / 1e9 - 0.049)
  })

  it.each([
    [
      ['START TRANSACTION', 'SELECT 1', 'ROLLBACK'],
      ['rollback', 1, ['START TRANSACTION', 'SELECT', 'ROLLBACK']],
    ],
    [
      ['begin', 'SELECT broken', 'commit'],
      ['rollback', 1, ['begin', 'SELECT', 'commit']],
    ],
    [
      ['BEGIN', 'SAVEPOINT s', 'ROLLBACK TO s', 'END'],
      ['commit', 2, ['BEGIN', 'SAVEPOINT', 'ROLLBACK', 'END']],
    ],
    [
      ['BEGIN; SELECT 1', 'ABORT'],
      ['rollback', 0, ['BATCH', 'ABORT']],
    ],
    [
      ['BEGIN', 'BEGIN', 'COMMIT'],
      ['commit', 0, ['BEGIN', 'BEGIN', 'COMMIT']],
    ],
  ])('%j ends as %j', async (texts, expected) => {
    const target = await client()
    for (const text of texts) await target.query(text).catch(() => {})
    expect(transactions()).toEqual([expected])
    expect(db.recorder.open()).toEqual([])
  })

  it('whose COMMIT fails was rolled back, and records why', async () => {
    const target = await client()
    await target.query('BEGIN')
    await target.query('INSERT INTO t VALUES (1), (1)')
    await expect(target.query('COMMIT')).rejects.toMatchObject({ code: '23505' })
    expect(transactions()).toEqual([['rollback', 1, ['BEGIN', 'INSERT t', 'COMMIT']]])
    expect(db.recorder.spans().at(-1)).toMatchObject({
      name: 'transaction',
      status: { code: SpanStatusCode.ERROR, message: '23505 unique_violation' },
      attributes: { 'error.type': '23505' },
    })
  })

  it('by callbacks has a span too', async () => {
    const target = await client()
    const query = (text: string): Promise<unknown> => new Promise(resolve => target.query(text, resolve))
    for (const text of ['BEGIN', 'SELECT 1', 'COMMIT']) await query(text)
    expect(transactions()).toEqual([['commit', 1, ['BEGIN', 'SELECT', 'COMMIT']]])
  })

  it('is abandoned when its client is released', async () => {
    const pool = tracePool(db.pool(), { transactions: 'span', checkout: 'span' })
    const borrowed = await pool.connect()
    await borrowed.query('BEGIN')
    borrowed.release(true)
    expect(db.recorder.tree()).toMatchObject([
      {
        span: { name: 'checkout' },
        children: [
          {
            span: { name: 'transaction', attributes: { 'spanwright.db.transaction.outcome': 'abandoned' } },
            children: [{ span: { name: 'BEGIN' } }],
          },
        ],
      },
    ])
  })

  it('is abandoned when its connection is lost', async () => {
    const target = await client()
    const { rows } = await target.query('SELECT pg_backend_pid() AS pid')
    await db.recorder.reset()
    await target.query('BEGIN')
    const ended = new Promise<void>(resolve => target.on('end', resolve))
    await (await db.client()).query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await ended
    expect(transactions()).toEqual([['abandoned', 0, ['BEGIN']]])
    expect(target.listenerCount('end')).toBe(1)
  })

  it('of a single text is one span', async () => {
    const target = await client()
    await target.query('BEGIN; SELECT 1; COMMIT')
    expect(db.recorder.spans().map(span => span.name)).toEqual(['BATCH'])
  })

  it('keeps queries of another trace in that trace', async () => {
    const target = await client()
    await withSpan('first', () => target.query('BEGIN'))
    await withSpan('second', () => target.query('SELECT 1'))
    await target.query('COMMIT')
    expect(db.recorder.tree()).toMatchObject([
      {
        span: { name: 'first' },
        children: [
          {
            span: { name: 'transaction' },
            children: [{ span: { name: 'BEGIN' } }, { span: { name: 'COMMIT' } }],
          },
        ],
      },
      { span: { name: 'second' }, children: [{ span: { name: 'SELECT' } }] },
    ])
  })
})
