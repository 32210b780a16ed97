import { setImmediate } from 'node:timers/promises'

import { context, createContextKey, type Span, trace } from '@opentelemetry/api'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { describe, expect, it, jest } from '@jest/globals'
import { collectGarbage } from '@spanwright/test-kit'
import { tracePool } from '@spanwright/pg'
import type { Pool, PoolClient } from 'pg'
import Cursor from 'pg-cursor'

import { useDatabase } from './database.ts'

// A collection takes a while on a busy machine.
jest.setTimeout(60_000)

const db = useDatabase()
const REQUEST = createContextKey('request')

/** Names of what still exists after some collections. */
async function survivors(
  references: ReadonlyMap<string, WeakRef<object>>,
  rounds = 20,
): Promise<readonly string[]> {
  let left: string[] = []
  for (let round = 0; round < rounds; round++) {
    await setImmediate()
    collectGarbage()
    left = [...references].filter(([, reference]) => reference.deref()).map(([name]) => name)
    if (left.length === 0) break
  }
  return left
}

/** Serves a request with a pool, and returns weak references to the objects of that request. */
async function serve(
  pool: Pool,
  spans: readonly Span[],
  work: (pool: Pool) => Promise<unknown>,
): Promise<Map<string, WeakRef<object>>> {
  const request = { body: 'large' }
  const span = new BasicTracerProvider().getTracer('server').startSpan('GET /')
  const active = trace.setSpan(context.active(), span).setValue(REQUEST, request)
  const before = spans.length
  const result = await context.with(active, () => work(pool))
  span.end()
  const references = new Map<string, WeakRef<object>>([
    ['request', new WeakRef(request)],
    ['span of the request', new WeakRef(span)],
    ['context', new WeakRef(active)],
    ['result', new WeakRef(Object(result) as object)],
  ])
  spans.slice(before).forEach((made, index) => references.set(`span ${index}`, new WeakRef(made)))
  return references
}

async function borrow(pool: Pool, work: (client: PoolClient) => Promise<unknown>): Promise<unknown> {
  const client = await pool.connect()
  const result = await work(client)
  client.release()
  return result
}

const WORK: readonly (readonly [string, (pool: Pool) => Promise<unknown>])[] = [
  ['a query of the pool', async pool => pool.query('SELECT 1')],
  [
    'a query of the pool by callback',
    async pool => new Promise(resolve => pool.query('SELECT 1', (_, result) => resolve(result))),
  ],
  [
    'a query that fails',
    async pool => borrow(pool, client => client.query('SELECT broken').catch((error: unknown) => error)),
  ],
  ['a query of a client', async pool => borrow(pool, client => client.query('SELECT $1::text', ['x']))],
  [
    'a transaction',
    async pool =>
      borrow(pool, async client => {
        await client.query('BEGIN')
        return client.query('COMMIT')
      }),
  ],
  [
    'a cursor',
    async pool =>
      borrow(pool, async client => {
        const cursor = client.query(new Cursor('SELECT generate_series(1, 10)'))
        const rows = await cursor.read(3)
        await cursor.close()
        return rows
      }),
  ],
  [
    'a client by callback',
    async pool =>
      new Promise(resolve =>
        pool.connect((_, client, release) => {
          client?.query('SELECT 1', (_error, result) => {
            release()
            resolve(result)
          })
        }),
      ),
  ],
]

describe('an idle client of a pool', () => {
  it.each(WORK)('keeps nothing of the request that borrowed it for %s', async (_, work) => {
    const spans: Span[] = []
    // The timer of an idle client, which the pool starts itself, retains the context in which it was released for its duration.
    const pool = tracePool(db.pool({ max: 1, idleTimeoutMillis: 0 }), {
      tracerProvider: new BasicTracerProvider(),
      transactions: 'span',
      checkout: 'span',
      onStart: span => void spans.push(span),
    })
    // The socket is opened for one request, and kept for all others.
    const opening = await serve(pool, spans, work)
    const following = await serve(pool, spans, work)
    expect(spans.length).toBeGreaterThan(1)
    spans.length = 0
    expect(pool.idleCount).toBe(1)
    expect(await survivors(opening)).toEqual([])
    expect(await survivors(following)).toEqual([])
  })
})
