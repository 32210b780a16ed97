import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient, tracePool } from '@spanwright/pg'
import type { SpanNode } from '@spanwright/testing'
import type { Client, PoolClient } from 'pg'
import Cursor from 'pg-cursor'

import { useDatabase } from './database.ts'

const db = useDatabase(['CREATE TABLE t AS SELECT generate_series(1, 50) AS id'])

async function client(): Promise<Client> {
  return traceClient(await db.client(), { transactions: 'span' })
}

/** Names of the spans, with the outcomes of transactions, and the spans below each. */
function names(nodes: readonly SpanNode[] = db.recorder.tree()): unknown[] {
  return nodes.map(({ span, children }) => {
    const outcome = span.attributes['spanwright.db.transaction.outcome']
    const name = outcome === undefined ? span.name : `${span.name} ${String(outcome)}`
    return children.length === 0 ? name : [name, ...names(children)]
  })
}

/** The whole span of a transaction. */
function whole(outcome: string, statements: number, more: object = {}): object {
  return {
    name: 'transaction',
    kind: SpanKind.INTERNAL,
    status: { code: SpanStatusCode.UNSET },
    events: [],
    links: [],
    attributes: {
      'db.namespace': 'shop',
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
      'spanwright.db.transaction.outcome': outcome,
      'spanwright.db.transaction.statements': statements,
      'spanwright.db.transaction.idle_time': expect.any(Number),
    },
    ...more,
  }
}

describe('transactions whose queries are sent without waiting for answers', () => {
  it("are kept apart, and queries sent after the end of one aren't part of it", async () => {
    const target = await client()
    await withSpan('caller', () =>
      Promise.all(
        [
          'BEGIN',
          'SELECT 1',
          'COMMIT',
          'SELECT 2',
          'BEGIN',
          'SELECT 3',
          'SELECT 4',
          'ROLLBACK',
          'SELECT 5',
        ].map(text => target.query(text)),
      ),
    )
    expect(names()).toEqual([
      [
        'caller',
        ['transaction commit', 'BEGIN', 'SELECT', 'COMMIT'],
        'SELECT',
        ['transaction rollback', 'BEGIN', 'SELECT', 'SELECT', 'ROLLBACK'],
        'SELECT',
      ],
    ])
    const [first, second] = db.recorder.spans().filter(({ name }) => name === 'transaction')
    expect(first).toMatchObject(whole('commit', 1))
    expect(second).toMatchObject(whole('rollback', 2))
    expect(db.recorder.open()).toEqual([])
  })

  it('are kept apart on a connection that pipelines them', async () => {
    const target = traceClient(await db.client({ pipeline: true }), { transactions: 'span' })
    const texts = ['BEGIN', 'SELECT 1', 'COMMIT', 'BEGIN', 'SELECT broken', 'COMMIT', 'SELECT 2']
    await withSpan('caller', () => Promise.allSettled(texts.map(text => target.query(text))))
    expect(names()).toEqual([
      [
        'caller',
        ['transaction commit', 'BEGIN', 'SELECT', 'COMMIT'],
        ['transaction rollback', 'BEGIN', 'SELECT', 'COMMIT'],
        'SELECT',
      ],
    ])
    expect(db.recorder.open()).toEqual([])
  })

  it('end as they ended when their client is released before the answer', async () => {
    const pool = tracePool(db.pool({ max: 1 }), { transactions: 'span', checkout: 'span' })
    const borrowed = await pool.connect()
    await borrowed.query('BEGIN')
    const committed = borrowed.query('COMMIT')
    borrowed.release()
    await committed
    expect(names()).toEqual([['checkout', ['transaction commit', 'BEGIN', 'COMMIT']]])
  })
})

describe('a query text that ends one transaction and begins another', () => {
  it.each([
    ['COMMIT AND CHAIN', 'commit'],
    ['ROLLBACK AND CHAIN', 'rollback'],
    ['END WORK AND CHAIN', 'commit'],
    ['COMMIT; BEGIN', 'commit'],
  ])('makes two spans (%s)', async (text, outcome) => {
    const target = await client()
    for (const each of ['BEGIN', text, 'SELECT 1', 'COMMIT', 'SELECT 2']) await target.query(each)
    expect(names()).toEqual([
      [`transaction ${outcome}`, 'BEGIN', expect.any(String)],
      ['transaction commit', 'SELECT', 'COMMIT'],
      'SELECT',
    ])
    const [, second] = db.recorder.spans().filter(({ name }) => name === 'transaction')
    expect(second).toMatchObject(whole('commit', 1))
  })

  it('does not when it says so', async () => {
    const target = await client()
    for (const each of ['BEGIN', 'COMMIT AND NO CHAIN', 'SELECT 1']) await target.query(each)
    expect(names()).toEqual([['transaction commit', 'BEGIN', 'COMMIT'], 'SELECT'])
  })
})

describe('a text with more after its COMMIT', () => {
  it('reports the outcome of the COMMIT, not of the last statement', async () => {
    const target = await client()
    await target.query('BEGIN')
    await target.query('SELECT broken').catch(() => {})
    await target.query('COMMIT; SELECT 1')
    expect(names()).toEqual([['transaction rollback', 'BEGIN', 'SELECT', 'BATCH']])
  })
})

describe('a connection that is lost', () => {
  async function terminate(target: Client | PoolClient): Promise<void> {
    const { processID } = target as unknown as { processID: number }
    const ended = new Promise(resolve => target.once('end', () => resolve(undefined)))
    await (await db.client()).query('SELECT pg_terminate_backend($1)', [processID])
    await ended
  }

  it('while a cursor is read in a transaction of a checkout ends all three, each once', async () => {
    const pool = tracePool(db.pool({ max: 1 }), { transactions: 'span', checkout: 'span' })
    const borrowed = await pool.connect()
    borrowed.on('error', () => {})
    await borrowed.query('BEGIN')
    await borrowed.query(new Cursor('SELECT id FROM t')).read(3)
    await terminate(borrowed)
    borrowed.release(true)
    expect(names()).toEqual([['checkout', ['transaction abandoned', 'BEGIN', 'SELECT t']]])
    expect(db.recorder.spans().find(({ name }) => name === 'SELECT t')).toMatchObject({
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.ERROR, message: '57P01 admin_shutdown' },
      attributes: { 'db.response.returned_rows': 3, 'error.type': '57P01' },
    })
    expect(db.recorder.open()).toEqual([])
  })

  it('before a COMMIT is answered leaves its transaction abandoned', async () => {
    const target = await client()
    await target.query('BEGIN')
    const answers = Promise.allSettled(['SELECT pg_sleep(60)', 'COMMIT'].map(text => target.query(text)))
    await terminate(target)
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(names()).toEqual([['transaction abandoned', 'BEGIN', 'SELECT', 'COMMIT']])
    expect(db.recorder.open()).toEqual([])
  })
})
