import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { tracePool } from '@spanwright/pg'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import type { Pool } from 'pg'
import Cursor from 'pg-cursor'

import { useDatabase } from './database.ts'

const db = useDatabase()
let recorder: SpanRecorder
beforeEach(() => {
  recorder = recordSpans()
})
afterEach(() => recorder.stop())

/** Points of the metrics of connections: `{ count: { 'idle name': 1 } }`; of histograms, the number of values. */
async function pointsOf(...names: string[]): Promise<Record<string, Record<string, unknown>>> {
  const found: Record<string, Record<string, unknown>> = {}
  for (const { descriptor, dataPoints } of await recorder.metrics()) {
    const name = descriptor.name.replace('db.client.connection.', '')
    if (!names.includes(name)) continue
    found[name] = Object.fromEntries(
      dataPoints.map(({ value, attributes }) => [
        Object.values(attributes).join(' '),
        typeof value === 'number' ? value : value.count,
      ]),
    )
  }
  return found
}

function measured(options: object = {}, tracing: object = {}): Pool {
  const { tracerProvider, meterProvider } = recorder
  return tracePool(db.pool(options), { tracerProvider, meterProvider, ...tracing })
}

describe('the metrics of a pool', () => {
  it('report its current counts when they are read', async () => {
    const pool = measured({ max: 3, min: 1 }, { poolName: 'main' })
    expect(await pointsOf('count', 'limit', 'pending_requests', 'idle.max', 'idle.min')).toEqual({
      count: { 'main idle': 0, 'main used': 0 },
      limit: { main: 3 },
      'idle.max': { main: 3 },
      'idle.min': { main: 1 },
      pending_requests: { main: 0 },
    })
    const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
    const waiting = pool.query('SELECT 1')
    expect(await pointsOf('count', 'pending_requests')).toEqual({
      count: { 'main idle': 0, 'main used': 3 },
      pending_requests: { main: 1 },
    })
    clients.forEach(client => client.release())
    await waiting
    expect(await pointsOf('count', 'pending_requests')).toEqual({
      count: { 'main idle': 3, 'main used': 0 },
      pending_requests: { main: 0 },
    })
    await pool.end()
    expect(await pointsOf('count', 'limit', 'pending_requests', 'idle.max', 'idle.min')).toEqual({
      count: { 'main idle': 0, 'main used': 0 },
      limit: { main: 0 },
      'idle.max': { main: 0 },
      'idle.min': { main: 0 },
      pending_requests: { main: 0 },
    })
  })

  it('are distinguished by pool names, which can be reused after a pool has ended', async () => {
    const place = `${db.server.host}:${db.server.port}/shop`
    const [first, second] = [measured({ max: 1 }), measured({ max: 2 })]
    expect(await pointsOf('limit')).toEqual({ limit: { [place]: 1, [`${place}#2`]: 2 } })
    await first.query('SELECT 1')
    expect(await pointsOf('count')).toEqual({
      count: {
        [`${place} idle`]: 1,
        [`${place} used`]: 0,
        [`${place}#2 idle`]: 0,
        [`${place}#2 used`]: 0,
      },
    })
    await second.end()
    measured({ max: 7 })
    measured({ max: 8 }, { poolName: 'own' })
    measured({ max: 9 }, { poolName: 'own' })
    expect(await pointsOf('limit')).toEqual({
      limit: { [place]: 1, [`${place}#2`]: 7, own: 8, 'own#2': 9 },
    })
  })

  it('measure opening, waiting and using', async () => {
    const pool = measured({ max: 1 }, { poolName: 'times' })
    await pool.query('SELECT 1')
    await pool.query('SELECT 2')
    const client = await pool.connect()
    await client.query('SELECT 3')
    await client.query('SELECT 4')
    expect(await pointsOf('create_time', 'wait_time', 'use_time', 'timeouts')).toEqual({
      create_time: { times: 1 },
      wait_time: { times: 3 },
      use_time: { times: 2 },
    })
    client.release()
    expect(await pointsOf('use_time')).toEqual({ use_time: { times: 3 } })
    const units = (await recorder.metrics()).map(({ descriptor }) => [descriptor.name, descriptor.unit])
    expect(Object.fromEntries(units)).toMatchObject({
      'db.client.connection.create_time': 's',
      'db.client.connection.wait_time': 's',
      'db.client.connection.use_time': 's',
      'db.client.connection.count': '{connection}',
    })
  })

  it('count the waits that took too long', async () => {
    const pool = measured({ max: 1 }, { poolName: 'timeouts' })
    const client = await pool.connect()
    // Set only now, so that a slow first connection is none of them.
    pool.options.connectionTimeoutMillis = 20
    await expect(pool.query('SELECT 1')).rejects.toThrow('timeout exceeded')
    await expect(pool.connect()).rejects.toThrow('timeout exceeded')
    client.release()
    await expect(pool.query('SELECT broken')).rejects.toThrow('does not exist')
    expect(await pointsOf('timeouts')).toEqual({ timeouts: { timeouts: 2 } })
  })

  it('can be left out', async () => {
    const pool = measured({}, { metrics: { connections: false } })
    await pool.query('SELECT 1')
    expect((await recorder.metrics()).map(({ descriptor }) => descriptor.name).toSorted()).toEqual([
      'db.client.operation.duration',
      'db.client.response.returned_rows',
    ])
  })

  it('have legacy names in the legacy vocabulary', async () => {
    const pool = measured({}, { poolName: 'old', semconv: 'legacy' })
    await pool.query('SELECT 1')
    const found = Object.fromEntries(
      (await recorder.metrics()).map(({ descriptor, dataPoints }) => [
        descriptor.name,
        [descriptor.unit, dataPoints[0]?.attributes],
      ]),
    )
    expect(found).toMatchObject({
      'db.client.connections.usage': ['{connection}', { 'pool.name': 'old', state: 'idle' }],
      'db.client.connections.wait_time': ['ms', { 'pool.name': 'old' }],
    })
  })
})

describe('db.client.response.returned_rows', () => {
  it('has a point for each query that returned rows', async () => {
    const pool = measured()
    await pool.query('SELECT generate_series(1, 30)')
    await pool.query('SELECT 1')
    await pool.query('CREATE TEMP TABLE t ()')
    const rows = (await recorder.metrics()).find(
      ({ descriptor }) => descriptor.name === 'db.client.response.returned_rows',
    )
    expect(rows?.descriptor.unit).toBe('{row}')
    expect(rows?.dataPoints).toMatchObject([
      {
        value: { count: 2, sum: 31 },
        attributes: { 'db.system.name': 'postgresql', 'db.namespace': 'shop' },
      },
    ])
  })

  it('has a point for the rows a cursor read before it failed, with the error', async () => {
    const pool = measured({ max: 1 })
    const client = await pool.connect()
    const cursor = client.query(new Cursor('SELECT 1 / (3 - n) FROM generate_series(1, 9) n'))
    expect(await cursor.read(2)).toHaveLength(2)
    await expect(cursor.read(2)).rejects.toMatchObject({ code: '22012' })
    client.release()
    const rows = (await recorder.metrics()).find(
      ({ descriptor }) => descriptor.name === 'db.client.response.returned_rows',
    )
    expect(rows?.dataPoints).toMatchObject([
      {
        value: { count: 1, sum: 2 },
        attributes: { 'db.namespace': 'shop', 'db.response.status_code': '22012', 'error.type': '22012' },
      },
    ])
  })

  it('has no procedure; the duration has when asked for summaries', async () => {
    const pool = measured({}, { metrics: { querySummary: true } })
    await pool.query('CREATE PROCEDURE answer(OUT n int) LANGUAGE sql AS $$ SELECT 42 $$')
    expect((await pool.query('CALL answer(null)')).rows).toEqual([{ n: 42 }])
    const named = (await recorder.metrics()).flatMap(({ descriptor, dataPoints }) =>
      dataPoints
        .filter(({ attributes }) => attributes['db.query.summary'] === 'CALL answer')
        .map(({ attributes }) => [descriptor.name, attributes['db.stored_procedure.name']]),
    )
    expect(named).toEqual([
      ['db.client.operation.duration', 'answer'],
      ['db.client.response.returned_rows', undefined],
    ])
  })

  it('has the summary when enabled, as the duration does', async () => {
    const pool = measured({}, { metrics: { querySummary: true } })
    await pool.query('SELECT 1 AS a')
    for (const { descriptor, dataPoints } of await recorder.metrics()) {
      if (descriptor.name.startsWith('db.client.connection.')) continue
      expect(dataPoints[0]?.attributes['db.query.summary']).toBe('SELECT')
    }
  })
})
