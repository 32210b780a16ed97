import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { withSpan } from '@spanwright/core'
import { tracePool } from '@spanwright/pg'

import { useDatabase } from './database.ts'

const db = useDatabase()

describe('a checkout', () => {
  it('has no span by default', async () => {
    const pool = tracePool(db.pool())
    const client = await pool.connect()
    client.release()
    expect(db.recorder.spans()).toEqual([])
  })

  it('has a span from connect() to release(), with the queries below it', async () => {
    const pool = tracePool(db.pool(), { checkout: 'span' })
    await withSpan('caller', async () => {
      const client = await pool.connect()
      await client.query('SELECT 1')
      await client.query('SELECT 2')
      client.release()
    })
    await pool.query('SELECT 3')
    const checkout = db.recorder.spans().find(({ name }) => name === 'checkout')
    expect(checkout?.attributes).toEqual({
      'db.namespace': 'shop',
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
      'spanwright.db.wait_time': expect.any(Number),
    })
    expect(db.recorder.tree()).toMatchObject([
      {
        span: { name: 'caller' },
        children: [
          {
            span: {
              name: 'checkout',
              kind: SpanKind.INTERNAL,
              status: { code: SpanStatusCode.UNSET },
            },
            children: [
              { span: { name: 'SELECT' }, children: [] },
              { span: { name: 'SELECT' }, children: [] },
            ],
          },
        ],
      },
      { span: { name: 'SELECT' }, children: [] },
    ])
  })

  it('by callback has one too, and its client is the same', async () => {
    const pool = tracePool(db.pool(), { checkout: 'span' })
    await new Promise<void>((resolve, reject) =>
      pool.connect((error, client, release) => {
        expect(client?.release).toBe(release)
        release()
        expect(() => release()).toThrow('Release called on client which has already been released')
        if (error) reject(error)
        else resolve()
      }),
    )
    expect(db.recorder.spans().map(span => span.name)).toEqual(['checkout'])
  })

  it('that fails ends its span with an error', async () => {
    const pool = tracePool(db.pool({ password: 'wrong' }), { checkout: 'span' })
    await expect(pool.connect()).rejects.toMatchObject({ code: '28P01' })
    expect(db.recorder.spans()).toMatchObject([
      {
        name: 'checkout',
        status: { code: SpanStatusCode.ERROR, message: '28P01 invalid_password' },
        attributes: { 'error.type': '28P01' },
      },
    ])
  })

  it('keeps queries of another trace in that trace', async () => {
    const pool = tracePool(db.pool(), { checkout: 'span' })
    const client = await withSpan('borrower', () => pool.connect())
    await withSpan('other', () => client.query('SELECT 1'))
    client.release()
    expect(db.recorder.tree()).toMatchObject([
      { span: { name: 'borrower' }, children: [{ span: { name: 'checkout' }, children: [] }] },
      { span: { name: 'other' }, children: [{ span: { name: 'SELECT' } }] },
    ])
  })
})

describe('a client that is held too long', () => {
  it('is reported once, with the place of its checkout', async () => {
    const { messages: said, first, stop } = collectDiag()
    const pool = tracePool(db.pool(), { leakThreshold: 15 })
    async function borrowAndForget(): Promise<{ release(): void }> {
      return pool.connect()
    }
    const client = await borrowAndForget()
    const message = await first()
    expect(message).toContain('a client of the pool is held for more than 15 ms and not yet released')
    expect(message).toContain('borrowAndForget')
    client.release()
    const other = await pool.connect()
    await other.query('SELECT pg_sleep(0.03)')
    other.release()
    stop()
    expect(said).toHaveLength(2)
  })

  it('is not reported when it was released in time, nor is a query of the pool', async () => {
    const { messages: said, stop } = collectDiag()
    const pool = tracePool(db.pool(), { leakThreshold: 40 })
    const client = await pool.connect()
    client.release()
    await pool.query('SELECT pg_sleep(0.06)')
    stop()
    expect(said).toEqual([])
  })
})
