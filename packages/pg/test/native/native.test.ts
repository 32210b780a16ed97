import { createRequire } from 'node:module'
import { join } from 'node:path'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient, tracePool } from '@spanwright/pg'
import type { Client, ClientConfig, Pool, PoolConfig } from 'pg'

import { useDatabase } from '../database.ts'

// `npm run test:native` builds it there.
const load = createRequire(join(String(process.env['SPANWRIGHT_NATIVE']), 'package.json'))
const { native } = load('pg') as {
  native: { Client: new (config: ClientConfig) => Client; Pool: new (config: PoolConfig) => Pool }
}

const db = useDatabase()

function attributes(text: string, more: object): object {
  return {
    'db.system.name': 'postgresql',
    'db.namespace': 'shop',
    'db.query.text': text,
    'db.query.summary': 'SELECT',
    'server.address': '127.0.0.1',
    'server.port': db.server.port,
    ...more,
  }
}

async function connected(): Promise<Client> {
  const client = new native.Client(db.config())
  await client.connect()
  db.later(() => client.end())
  return traceClient(client)
}

describe('a client of pg-native', () => {
  it('has a span for each query, in every call style', async () => {
    const client = await connected()
    await withSpan('caller', async () => {
      expect(await client.query('SELECT $1::int AS n', [7])).toMatchObject({ rows: [{ n: 7 }] })
      const answer = new Promise((resolve, reject) => {
        client.query('SELECT 8 AS n', (error, result) => (error ? reject(error) : resolve(result.rows)))
      })
      expect(await answer).toEqual([{ n: 8 }])
      expect(await client.query({ name: 'nine', text: 'SELECT 9 AS n' })).toMatchObject({ rows: [{ n: 9 }] })
    })
    const caller = db.recorder.spans().at(-1)
    expect(db.recorder.spans().slice(0, -1)).toMatchObject(
      ['SELECT $1::int AS n', 'SELECT ? AS n', 'SELECT ? AS n'].map(text => ({
        name: 'SELECT',
        kind: SpanKind.CLIENT,
        status: { code: SpanStatusCode.UNSET },
        attributes: attributes(text, { 'db.response.returned_rows': 1 }),
        events: [],
        links: [],
        parentSpanContext: { spanId: caller?.spanContext().spanId },
      })),
    )
  })

  it('has the SQLSTATE of an error', async () => {
    const client = await connected()
    await expect(client.query('SELECT broken')).rejects.toMatchObject({ code: '42703' })
    expect(db.recorder.spans()).toMatchObject([
      {
        name: 'SELECT',
        status: { code: SpanStatusCode.ERROR, message: '42703 undefined_column' },
        attributes: attributes('SELECT broken', {
          'error.type': '42703',
          'db.response.status_code': '42703',
        }),
        events: [{ name: 'exception' }],
      },
    ])
  })
})

describe('a pool of pg-native', () => {
  it('has one span of a query, with the time it waited', async () => {
    const pool = tracePool(new native.Pool({ ...db.config(), max: 1 }))
    db.later(() => pool.end())
    const answers = await Promise.all([1, 2].map(n => pool.query('SELECT $1::int AS n', [n])))
    expect(answers.map(({ rows }) => rows)).toEqual([[{ n: 1 }], [{ n: 2 }]])
    expect(db.recorder.spans()).toMatchObject(
      [1, 2].map(() => ({
        name: 'SELECT',
        status: { code: SpanStatusCode.UNSET },
        attributes: attributes('SELECT $1::int AS n', {
          'db.response.returned_rows': 1,
          'spanwright.db.wait_time': expect.any(Number),
        }),
      })),
    )
  })
})
