import { describe, expect, it } from '@jest/globals'
import { traceClient, tracePool } from '@spanwright/pg'
import { recordSpans } from '@spanwright/testing'

import { useDatabase } from './database.ts'

const db = useDatabase()

describe('db.client.operation.duration', () => {
  it('has a point for each query, with or without error', async () => {
    using recorder = recordSpans()
    const { tracerProvider, meterProvider } = recorder
    const pool = tracePool(db.pool(), { tracerProvider, meterProvider })
    await pool.query('SELECT 1')
    await pool.query('SELECT 2')
    await pool.query('SELECT broken').catch(() => {})

    const metrics = await recorder.metrics()
    const duration = metrics.find(metric => metric.descriptor.name === 'db.client.operation.duration')
    expect(duration?.descriptor).toMatchObject({
      unit: 's',
      advice: { explicitBucketBoundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
    })
    const common = {
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
    }
    expect(
      duration?.dataPoints.map(point => [point.attributes, (point.value as { count: number }).count]),
    ).toEqual([
      [common, 2],
      [{ ...common, 'db.response.status_code': '42703', 'error.type': '42703' }, 1],
    ])
  })

  it('is not recorded when metrics are off', async () => {
    using recorder = recordSpans()
    const { tracerProvider, meterProvider } = recorder
    const client = traceClient(await db.client(), { tracerProvider, meterProvider, metrics: false })
    await client.query('SELECT 1')
    expect(recorder.spans()).toHaveLength(1)
    expect(await recorder.metrics()).toEqual([])
  })
})

describe('a hook that sets another namespace', () => {
  it('wins on span and metrics', async () => {
    using recorder = recordSpans()
    const { tracerProvider, meterProvider } = recorder
    const pool = tracePool(db.pool(), {
      tracerProvider,
      meterProvider,
      attributes: ({ namespace }) => ({ 'db.namespace': `${namespace}|tenant` }),
      metrics: {
        connections: false,
        attributes: (_, { result }) => ({ 'test.answered': result !== undefined }),
      },
    })
    await pool.query('SELECT 1')
    expect(recorder.spans()[0]?.attributes['db.namespace']).toBe('shop|tenant')
    const common = {
      'db.system.name': 'postgresql',
      'db.namespace': 'shop|tenant',
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
    }
    const points = (await recorder.metrics()).map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints[0]?.attributes,
    ])
    expect(Object.fromEntries(points)).toEqual({
      'db.client.operation.duration': { ...common, 'test.answered': true },
      'db.client.response.returned_rows': { ...common, 'test.answered': true },
    })
  })
})
