import { describe, expect, it } from '@jest/globals'
import { traceClient, tracePool } from '@spanwright/pg'
import { Client, type Pool } from 'pg'

import { useDatabase } from './database.ts'

const db = useDatabase()

async function traced(options: object): Promise<Client> {
  return traceClient(await db.client(), options)
}

function attributes(prefix: string): object[] {
  return db.recorder
    .spans()
    .map(span =>
      Object.fromEntries(Object.entries(span.attributes).filter(([key]) => key.startsWith(prefix))),
    )
}

describe('queryText', () => {
  it.each([
    ['masked', ['SELECT ?', 'SELECT $1::int + 5']],
    ['raw', ["SELECT 'secret'", 'SELECT $1::int + 5']],
    ['off', [undefined, undefined]],
  ])('%s', async (queryText, texts) => {
    const client = await traced({ queryText })
    await client.query("SELECT 'secret'")
    await client.query('SELECT $1::int + 5', [1])
    expect(db.recorder.spans().map(span => span.attributes['db.query.text'])).toEqual(texts)
    expect(db.recorder.spans().map(span => span.name)).toEqual(['SELECT', 'SELECT'])
  })
})

describe('a text with values', () => {
  it.each([
    ["SELECT 'secret'", 'SELECT ?'],
    ["SELECT 'secret $1', $$secret $1$$ -- $1", 'SELECT ?, ? '],
  ])('but without placeholders is masked, although the server refuses it: %s', async (text, masked) => {
    await (await traced({})).query(text, ['value']).catch(() => {})
    expect(db.recorder.spans()).toMatchObject([
      { attributes: { 'db.query.text': masked, 'error.type': '08P01' } },
    ])
  })
})

describe('strings of a session', () => {
  const ESCAPED = String.raw`SELECT 'a\' AS x, 'secret' AS y`
  const texts = (): unknown[] => db.recorder.spans().map(span => span.attributes['db.query.text'])

  function pool(options?: string): Pool {
    return tracePool(db.pool(options === undefined ? { max: 1 } : { max: 1, options }))
  }

  it('are read as the server has reported', async () => {
    const standard = pool()
    await standard.query('SELECT 1')
    await standard.query(ESCAPED)
    expect(texts()).toEqual(['SELECT ?', 'SELECT ? AS x, ? AS y'])
  })

  it('hide what may follow a backslash before the first connection', async () => {
    await pool().query(ESCAPED)
    expect(texts()).toEqual(['SELECT ?'])
  })

  it.each([
    [
      'from the start',
      async () => {
        const off = pool('-c standard_conforming_strings=off')
        await off.query('SELECT 1')
        return off
      },
    ],
    [
      'by SET, without waiting for its response',
      async () => {
        const client = traceClient(new Client(db.config()))
        db.later(() => client.end())
        await client.connect()
        void client.query('SET standard_conforming_strings TO off')
        return client
      },
    ],
    [
      'in a transaction that has ended before the response',
      async () => {
        const client = traceClient(new Client(db.config()))
        db.later(() => client.end())
        await client.connect()
        void client.query('BEGIN; SET LOCAL standard_conforming_strings TO off')
        void client.query('COMMIT')
        return client
      },
    ],
    [
      'by a function whose name is not visible',
      async () => {
        const client = traceClient(new Client(db.config()))
        db.later(() => client.end())
        await client.connect()
        await client.query("SELECT set_config('standard_' || 'conforming_strings', 'off', false)")
        return client
      },
    ],
    ['before it was traced', async () => traceClient(await db.client())],
  ])('hide what may follow a backslash where the setting is off %s', async (_, open) => {
    const client = await open()
    await db.recorder.reset()
    for (const text of [String.raw`SELECT 'a\', 'secret, ' AS y`, ESCAPED]) {
      await (client as Client).query(text).catch(() => {})
    }
    expect(texts().filter(text => String(text).includes('secret'))).toEqual([])
    expect(texts().slice(-2)).toEqual(['SELECT ?', 'SELECT ?'])
  })
})

describe('parameters', () => {
  const text = 'SELECT $1::text, $2::int, $3::text, $4::jsonb, $5::bytea, $6::timestamptz, $7::int[]'
  const values = ['a', 7, null, { b: 1 }, Buffer.from('hi'), new Date(0), [1, 2]]

  it('are not recorded by default', async () => {
    await (await traced({})).query(text, values)
    expect(attributes('db.query.parameter')).toEqual([{}])
  })

  it('are recorded by index', async () => {
    await (await traced({ parameters: true })).query(text, values)
    expect(attributes('db.query.parameter')).toEqual([
      {
        'db.query.parameter.0': 'a',
        'db.query.parameter.1': '7',
        'db.query.parameter.2': 'NULL',
        'db.query.parameter.3': '{"b":1}',
        'db.query.parameter.4': String.raw`\x6869`,
        'db.query.parameter.5': '1970-01-01T00:00:00.000Z',
        'db.query.parameter.6': '[1,2]',
      },
    ])
  })

  it('can be chosen', async () => {
    await (await traced({ parameters: ['1', '9'] })).query(text, values)
    expect(attributes('db.query.parameter')).toEqual([{ 'db.query.parameter.1': '7' }])
  })

  it('can be masked, or left out', async () => {
    const maskParameter = (value: unknown, index: number): string | undefined =>
      typeof value === 'number' ? `${index}:#` : undefined
    await (await traced({ parameters: true, maskParameter })).query(text, values)
    expect(attributes('db.query.parameter')).toEqual([{ 'db.query.parameter.1': '1:#' }])
  })

  it('that cannot be written as text are omitted, without other effects', async () => {
    const circular: { self?: unknown; toPostgres(): string } = { toPostgres: () => 'fine' }
    circular.self = circular
    const { rows } = await (await traced({ parameters: true })).query('SELECT $1 AS x', [circular])
    expect(rows).toEqual([{ x: 'fine' }])
    expect(attributes('db.query.parameter')).toEqual([{}])
  })
})

describe('errorMessages', () => {
  it('raw: the message of the server is in status and exception event', async () => {
    const client = await traced({ errorMessages: 'raw' })
    await client.query("SELECT 'x'::int").catch(() => {})
    const message = 'invalid input syntax for type integer: "x"'
    expect(db.recorder.spans()).toMatchObject([
      {
        status: { message },
        attributes: { 'error.type': '22P02' },
        events: [{ attributes: { 'exception.message': message } }],
      },
    ])
  })
})
