import { describe, expect, it } from '@jest/globals'
import { traceClient, tracePool } from '@spanwright/pg'
import { Client, Pool } from 'pg'

describe('tracePool()', () => {
  it('returns the pool it was given', () => {
    class OwnPool extends Pool {
      readonly own = 1
    }
    const pool = new OwnPool()
    const traced = tracePool(pool)
    expect(traced).toBe(pool)
    expect(traced.own).toBe(1)
  })

  it('wraps only once', () => {
    const pool = tracePool(new Pool())
    const { query, connect } = pool
    tracePool(pool)
    expect(pool.query).toBe(query)
    expect(pool.connect).toBe(connect)
  })

  it('keeps name, length and properties of the methods and adds no key', () => {
    const bare = new Pool()
    const pool = tracePool(new Pool())
    expect(Object.keys(pool)).toEqual(Object.keys(bare))
    expect([pool.query.name, pool.query.length]).toEqual(['query', bare.query.length])
    expect([pool.connect.name, pool.connect.length]).toEqual(['connect', bare.connect.length])
    expect(pool.listenerCount('connect')).toBe(0)
  })

  it('does not change other pools and the classes', () => {
    tracePool(new Pool())
    expect(Object.hasOwn(new Pool(), 'query')).toBe(false)
    expect(Object.hasOwn(new Client(), 'query')).toBe(false)
  })

  it('lets the pool create clients of its class', () => {
    class OwnClient extends Client {}
    const pool = tracePool(new Pool({ Client: OwnClient }))
    const made = new (pool as unknown as { Client: typeof Client }).Client()
    expect(made).toBeInstanceOf(OwnClient)
    expect(made.constructor).toBe(OwnClient)
  })

  it.each([
    [undefined, 'tracePool(): expected a pool of pg, such as new Pool(); got undefined'],
    [null, 'tracePool(): expected a pool of pg, such as new Pool(); got null'],
    [{}, 'tracePool(): expected a pool of pg, such as new Pool(); got {}'],
    [
      'postgres://localhost',
      "tracePool(): expected a pool of pg, such as new Pool(); got 'postgres://localhost'",
    ],
    [new Client(), 'tracePool(): expected a pool of pg; got a client: use traceClient()'],
  ])('refuses %p', (given, message) => {
    expect(() => tracePool(given as never)).toThrow(new TypeError(message))
  })

  it('refuses a class, and names it', () => {
    expect(() => tracePool(Pool as never)).toThrow(
      /tracePool\(\): expected a pool of pg, .*; got \[class BoundPool/,
    )
  })

  it('refuses options it does not know', () => {
    expect(() => tracePool(new Pool(), { semcov: 'x' } as never)).toThrow(
      new TypeError("tracePool(): unknown option 'semcov' (given 'x'); did you mean semconv?"),
    )
    expect(() => tracePool(new Pool(), { ignore: 1 } as never)).toThrow(
      new TypeError('tracePool(): option ignore must be a function; got 1'),
    )
  })
})

describe('traceClient()', () => {
  it('returns the client it was given', () => {
    const client = new Client()
    expect(traceClient(client)).toBe(client)
  })

  it('wraps only once and keeps name, length and properties of the methods', () => {
    const client = traceClient(new Client())
    const { query, connect } = client
    traceClient(client)
    expect(client.query).toBe(query)
    expect([query.name, query.length, connect.name, connect.length]).toEqual(['query', 3, 'connect', 1])
    expect(Object.keys(client)).toEqual(Object.keys(new Client()))
  })

  it.each([
    [undefined, 'traceClient(): expected a client of pg, such as new Client(); got undefined'],
    [{}, 'traceClient(): expected a client of pg, such as new Client(); got {}'],
    [new Pool(), 'traceClient(): expected a client of pg; got a pool: use tracePool()'],
  ])('refuses %p', (given, message) => {
    expect(() => traceClient(given as never)).toThrow(new TypeError(message))
  })

  it('refuses options it does not know', () => {
    expect(() => traceClient(new Client(), { attribute: 1 } as never)).toThrow(
      new TypeError("traceClient(): unknown option 'attribute' (given 1); did you mean attributes?"),
    )
  })
})
