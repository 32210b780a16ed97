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
})
