import { context, createContextKey, metrics as metricsApi, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { traceClient, tracePool } from '@spanwright/pg'
import { type PostgresService, startPostgres } from '@spanwright/services'
import { recordSpans } from '@spanwright/testing'
import { Client, Pool } from 'pg'

let server: PostgresService
beforeAll(async () => {
  server = await startPostgres()
}, 60_000)
afterAll(() => server.stop())

describe('an SDK that is set up after the pool', () => {
  it('is found by pools and clients that are in use already', async () => {
    const { connectionString } = server
    const pool = tracePool(new Pool({ connectionString }), { poolName: 'late' }).on('error', () => {})
    const client = traceClient(new Client({ connectionString }))
    await client.connect()
    expect((await pool.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }])

    const recorder = recordSpans({ global: true })
    await pool.query('SELECT 1')
    await client.query('SELECT 1')

    expect(recorder.spans().map(span => span.name)).toEqual(['SELECT', 'SELECT'])
    const metrics = await recorder.metrics()
    const count = metrics.find(({ descriptor }) => descriptor.name === 'db.client.connection.count')
    expect(count?.dataPoints.map(({ value }) => value)).toEqual([1, 0])
    await pool.end()
    await client.end()
    await recorder.stop()
  })

  it('sees nothing of a query that began to wait before, and all of the next', async () => {
    const { connectionString } = server
    const pool = tracePool(new Pool({ connectionString, max: 1 })).on('error', () => {})
    const client = await pool.connect()
    const waiting = [
      pool.query('SELECT 1 AS n'),
      new Promise(resolve => pool.query('SELECT 2 AS n', (_error, result) => resolve(result))),
    ]
    const recorder = recordSpans({ global: true })
    client.release()
    expect(await Promise.all(waiting)).toMatchObject([{ rows: [{ n: 1 }] }, { rows: [{ n: 2 }] }])
    expect(recorder.spans()).toEqual([])

    await pool.query('SELECT 3')
    expect(recorder.spans().map(span => span.name)).toEqual(['SELECT'])
    expect(recorder.open()).toEqual([])
    await pool.end()
    await recorder.stop()
  })
})

describe('a context manager without an SDK', () => {
  it('has callbacks run in the context of their caller', async () => {
    const recorder = recordSpans({ global: true })
    trace.disable()
    metricsApi.disable()
    const key = createContextKey('caller')
    const client = traceClient(new Client({ connectionString: server.connectionString }))
    await client.connect()
    const seen = await Promise.all(
      ['one', 'two'].map(
        name =>
          new Promise(resolve => {
            context.with(ROOT_CONTEXT.setValue(key, name), () =>
              client.query('SELECT 1', () => resolve(context.active().getValue(key))),
            )
          }),
      ),
    )
    expect(seen).toEqual(['one', 'two'])
    await client.end()
    await recorder.stop()
  })
})
