import { context, createContextKey, ROOT_CONTEXT, SpanStatusCode } from '@opentelemetry/api'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient, tracePool } from '@spanwright/pg'
import { Client, Query } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import Cursor from 'pg-cursor'
import QueryStream from 'pg-query-stream'

import { useDatabase } from './database.ts'

const db = useDatabase(['CREATE TABLE items (id int)', 'INSERT INTO items SELECT generate_series(1, 100)'])
const CALLER = createContextKey('caller')
const asCaller = <T>(call: () => T): T => context.with(ROOT_CONTEXT.setValue(CALLER, 'me'), call)
const caller = (): unknown => context.active().getValue(CALLER)

async function tracedClient(): Promise<Client> {
  return traceClient(await db.client())
}

/** Name, rows and error type of the spans; the rest is the same for every query without a parent. */
function seen(): unknown[] {
  return db.recorder.spans().map(({ name, attributes, parentSpanContext }) => {
    const {
      'db.response.returned_rows': rows,
      'error.type': errorType,
      'db.response.status_code': _code,
      ...others
    } = attributes
    expect(parentSpanContext).toBeUndefined()
    expect(others).toEqual({
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.query.text': expect.stringMatching(/^(?:SELECT|COPY) /),
      'db.query.summary': name,
      'server.address': '127.0.0.1',
      'server.port': db.server.port,
    })
    return [name, rows, errorType]
  })
}

describe('a cursor', () => {
  it('makes one span, from submit to its last row', async () => {
    const client = await tracedClient()
    const cursor = new Cursor('SELECT id FROM items WHERE id > $1', [10])
    const keys = Object.keys(cursor)
    const returned = withSpan('caller', () => client.query(cursor))
    expect(returned).toBe(cursor)
    expect(await cursor.read(60)).toHaveLength(60)
    expect(db.recorder.open()).toHaveLength(1)
    expect(await cursor.read(60)).toHaveLength(30)
    expect(db.recorder.open()).toEqual([])
    expect(db.recorder.tree()).toMatchObject([
      {
        span: { name: 'caller' },
        children: [
          {
            span: {
              name: 'SELECT items',
              attributes: {
                'db.query.text': 'SELECT id FROM items WHERE id > $1',
                'db.response.returned_rows': 90,
              },
            },
          },
        ],
      },
    ])
    expect(Object.keys(cursor)).toEqual(keys)
  })

  it('that is closed early ends its span', async () => {
    const client = await tracedClient()
    const cursor = client.query(new Cursor('SELECT id FROM items'))
    await cursor.read(5)
    await cursor.close()
    expect(seen()).toEqual([['SELECT items', 5, undefined]])
  })

  it('that fails ends its span with SQLSTATE', async () => {
    const client = await tracedClient()
    const cursor = client.query(new Cursor('SELECT broken'))
    await expect(cursor.read(5)).rejects.toMatchObject({ code: '42703' })
    expect(seen()).toEqual([['SELECT', undefined, '42703']])
  })

  it('that is never read ends its span when the client is released', async () => {
    const pool = tracePool(db.pool())
    const client = await pool.connect()
    client.query(new Cursor('SELECT id FROM items'))
    client.release(true)
    expect(db.recorder.open()).toEqual([])
    expect(seen()).toEqual([['SELECT items', undefined, undefined]])
  })

  it('that loses its connection ends its span with an error', async () => {
    const client = await tracedClient()
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid')
    await db.recorder.reset()
    const cursor = client.query(new Cursor('SELECT id FROM items'))
    await cursor.read(5)
    const ended = new Promise<void>(resolve => client.on('end', resolve))
    await (await db.client()).query('SELECT pg_terminate_backend($1)', [rows[0].pid])
    await ended
    expect(seen()).toEqual([['SELECT items', 5, '57P01']])
  })
})

describe('a query stream', () => {
  it('makes one span until its last row', async () => {
    const client = await tracedClient()
    const stream = client.query(new QueryStream('SELECT id FROM items WHERE id > $1', [50], { batchSize: 7 }))
    const rows: unknown[] = []
    for await (const row of stream) rows.push(row)
    expect(rows).toHaveLength(50)
    expect(db.recorder.spans()).toMatchObject([
      {
        name: 'SELECT items',
        status: { code: SpanStatusCode.UNSET },
        attributes: {
          'db.query.text': 'SELECT id FROM items WHERE id > $1',
          'db.response.returned_rows': 50,
        },
      },
    ])
  })

  it('that is exited early ends its span', async () => {
    const client = await tracedClient()
    const stream = client.query(new QueryStream('SELECT id FROM items', [], { batchSize: 10 }))
    for await (const row of stream) {
      expect(row).toEqual({ id: 1 })
      break
    }
    await client.query('SELECT 1')
    expect(seen()).toEqual([
      ['SELECT items', expect.any(Number), undefined],
      ['SELECT', 1, undefined],
    ])
  })

  it('that fails ends its span with SQLSTATE', async () => {
    const client = await tracedClient()
    const stream = client.query(new QueryStream('SELECT 1 / (id - 3) FROM items', [], { batchSize: 1 }))
    const [error] = (await once(stream.resume(), 'error')) as unknown[]
    expect(error).toMatchObject({ code: '22012' })
    expect(seen()).toEqual([['SELECT items', 2, '22012']])
  })
})

describe('COPY', () => {
  it('out makes one span that counts the rows', async () => {
    const client = await tracedClient()
    const chunks: unknown[] = []
    for await (const chunk of client.query(copyTo('COPY items TO STDOUT'))) chunks.push(chunk)
    expect(
      Buffer.concat(chunks as Buffer[])
        .toString()
        .split('\n'),
    ).toHaveLength(101)
    await client.query('SELECT 1')
    expect(seen()).toEqual([
      ['COPY items', 100, undefined],
      ['SELECT', 1, undefined],
    ])
  })

  it('in makes one span, and returns no rows', async () => {
    const client = await tracedClient()
    await client.query('CREATE TEMP TABLE t (id int)')
    await db.recorder.reset()
    const stream = client.query(copyFrom('COPY t FROM STDIN'))
    await pipeline(Readable.from(['1\n2\n', '3\n']), stream)
    expect(stream.rowCount).toBe(3)
    expect(seen()).toEqual([['COPY t', undefined, undefined]])
  })

  it('that fails ends its span with SQLSTATE', async () => {
    const client = await tracedClient()
    await client.query('CREATE TEMP TABLE t (id int)')
    await db.recorder.reset()
    await expect(
      pipeline(Readable.from(['x\n']), client.query(copyFrom('COPY t FROM STDIN'))),
    ).rejects.toMatchObject({ code: '22P02' })
    expect(seen()).toEqual([['COPY t', undefined, '22P02']])
  })

  it('that is abandoned ends its span', async () => {
    const client = await tracedClient()
    await client.query('CREATE TEMP TABLE t (id int)')
    await db.recorder.reset()
    const stream = client.query(copyFrom('COPY t FROM STDIN'))
    stream.on('error', () => {})
    const closed = new Promise(resolve => stream.on('close', resolve))
    stream.destroy()
    await closed
    expect(seen()).toEqual([['COPY t', undefined, '57014']])
  })
})

describe('a query object with events', () => {
  it('makes one span and runs its handlers in the context of the caller', async () => {
    const client = await tracedClient()
    const query = asCaller(() => client.query(new Query('SELECT id FROM items LIMIT 2')))
    const contexts: unknown[] = []
    query.on('row', () => contexts.push(caller()))
    await new Promise(resolve =>
      query.on('end', () => {
        contexts.push(caller())
        resolve(undefined)
      }),
    )
    expect(contexts).toEqual(['me', 'me', 'me'])
    expect(seen()).toEqual([['SELECT items', 2, undefined]])
  })

  it('that fails ends its span, and emits its error', async () => {
    const client = await tracedClient()
    const query = client.query(new Query('SELECT broken'))
    const error = await new Promise(resolve => query.on('error', resolve))
    expect(error).toMatchObject({ code: '42703' })
    expect(seen()).toEqual([['SELECT', undefined, '42703']])
  })

  type Done = (error: Error, result: { rows: unknown[] }) => void
  it.each<[string, (client: Client, done: Done) => unknown]>([
    ['of its own', (client, done) => client.query(new Query('SELECT 1', [], done as never) as never)],
    ['of the call', (client, done) => client.query(new Query('SELECT 1') as never, done as never)],
  ])('calls a callback %s in the context of the caller', async (_, call) => {
    const client = await tracedClient()
    const result = await new Promise(resolve =>
      asCaller(() => call(client, (error, { rows }) => resolve([error, rows, caller()]))),
    )
    expect(result).toEqual([null, [{ '?column?': 1 }], 'me'])
    expect(seen()).toEqual([['SELECT', 1, undefined]])
  })

  it('whose row cannot be read ends its span with that error', async () => {
    const client = await tracedClient()
    const query = new Query({
      text: 'SELECT 1',
      types: {
        getTypeParser: () => () => {
          throw new RangeError('unreadable')
        },
      },
    })
    const error = await new Promise(resolve => client.query(query).on('error', resolve))
    expect(error).toEqual(new RangeError('unreadable'))
    expect(seen()).toEqual([['SELECT', undefined, 'RangeError']])
  })

  it('on a client that was ended ends its span', async () => {
    const client = traceClient(new Client(db.config()))
    await client.connect()
    await client.end()
    const error = await new Promise(resolve => client.query(new Query('SELECT 1')).on('error', resolve))
    expect(error).toMatchObject({ message: 'Client was closed and is not queryable' })
    expect(db.recorder.open()).toEqual([])
    expect(seen()).toEqual([['SELECT', undefined, 'Error']])
  })
})
