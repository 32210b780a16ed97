import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient, tracePool } from '@spanwright/pg'
import * as current from 'pg'
import * as pg811 from 'pg811'
import * as pg80 from 'pg80'

import { useDatabase } from './database.ts'

const db = useDatabase()

const VERSIONS: readonly (readonly [string, typeof current])[] = [
  ['8.0', pg80],
  ['8.11', pg811],
  ['current', current],
]

function textsBelow(): unknown[] {
  const [caller] = db.recorder.tree()
  return caller?.children.map(({ span }) => span.attributes['db.query.text']) ?? []
}

describe.each(VERSIONS)('pg %s', (_, { Client, Pool, Query }) => {
  /** A pool that does not mind when the server ends before its sockets are closed. */
  function newPool(): current.Pool {
    return new Pool({ ...db.config(), max: 1 }).on('error', () => {})
  }

  it('has a span for every call shape on a pool', async () => {
    const pool = tracePool(newPool())
    const config = { text: 'SELECT $1::int AS n', values: [3] }
    const results = await withSpan('caller', () =>
      Promise.all([
        pool.query('SELECT 1 AS n'),
        pool.query('SELECT $1::int AS n', [2]),
        pool.query(config),
        pool.query({ ...config, name: 'named', values: [4] }),
        new Promise<{ rows: unknown[] }>((resolve, reject) =>
          pool.query('SELECT $1::int AS n', [5], (error, result) =>
            error ? reject(error) : resolve(result),
          ),
        ),
      ]),
    )
    await expect(pool.query('SELECT broken')).rejects.toMatchObject({ code: '42703' })
    await pool.end()
    expect(results.map(({ rows }) => rows)).toEqual([
      [{ n: 1 }],
      [{ n: 2 }],
      [{ n: 3 }],
      [{ n: 4 }],
      [{ n: 5 }],
    ])
    expect(textsBelow()).toEqual([
      'SELECT ? AS n',
      'SELECT $1::int AS n',
      'SELECT $1::int AS n',
      'SELECT $1::int AS n',
      'SELECT $1::int AS n',
    ])
    expect(db.recorder.spans().at(-1)?.attributes).toMatchObject({ 'error.type': '42703' })
    expect(db.recorder.open()).toEqual([])
  })

  it('has a span for every call shape on a client, and leaves configs as they are', async () => {
    const client = traceClient(new Client(db.config()))
    await client.connect()
    const config = { text: 'SELECT $1::int AS n', values: [1] }
    const given = { ...config }
    const byCallback = (): Promise<unknown> =>
      new Promise(resolve =>
        client.query(config, (_error: Error, { rows }: { rows: unknown[] }) => resolve(rows)),
      )
    await withSpan('caller', async () => {
      expect(await byCallback()).toEqual([{ n: 1 }])
      expect(await byCallback()).toEqual([{ n: 1 }])
      const query = client.query(new Query('SELECT 2 AS n'))
      await new Promise(resolve => query.on('end', resolve))
    })
    await client.end()
    expect(config).toEqual(given)
    expect(textsBelow()).toEqual(['SELECT $1::int AS n', 'SELECT $1::int AS n', 'SELECT ? AS n'])
    expect(db.recorder.open()).toEqual([])
  })

  it('measures its checkouts', async () => {
    const pool = tracePool(newPool(), { checkout: 'span', transactions: 'span' })
    const client = await pool.connect()
    await client.query('BEGIN')
    await client.query('COMMIT')
    client.release()
    await pool.end()
    expect(db.recorder.tree()).toMatchObject([
      { span: { name: 'checkout' }, children: [{ span: { name: 'transaction' }, children: [{}, {}] }] },
    ])
  })
})
