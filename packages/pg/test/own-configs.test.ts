import { SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { traceClient } from '@spanwright/pg'
import { Client as Client80 } from 'pg80'
import { Client as Client811 } from 'pg811'

import { useDatabase } from './database.ts'

const db = useDatabase()

/** A configuration of the application, whose parts are private. */
class OwnConfig {
  readonly #text: string
  readonly #values: readonly unknown[]
  callback: ((error: unknown, result: { rows: unknown }) => void) | undefined

  constructor(text: string, values: readonly unknown[]) {
    this.#text = text
    this.#values = values
  }

  get text(): string {
    return this.#text
  }

  get values(): unknown[] {
    return [...this.#values]
  }
}

interface Queries {
  query(config: object, callback: (error: unknown, result: { rows: unknown }) => void): unknown
  query(config: object): unknown
}

// Later versions copy a configuration themselves, without its private fields.
const versions = [
  ['8.11', Client811],
  ['8.0', Client80],
] as const

describe.each(versions)('a configuration with private fields, for node-postgres %s,', (_, ClientClass) => {
  async function connected(comment: boolean): Promise<Queries> {
    const client = new ClientClass(db.config())
    await client.connect()
    db.later(() => client.end())
    return traceClient(client, { comment })
  }

  it.each([false, true])('works with a separate callback, comment: %s', async comment => {
    const client = await connected(comment)
    const config = new OwnConfig('SELECT $1::int AS n', [7])
    for (const time of [1, 2]) {
      const rows = await new Promise((resolve, reject) => {
        client.query(config, (error, result) => (error ? reject(error) : resolve(result.rows)))
      })
      expect([time, rows]).toEqual([time, [{ n: 7 }]])
    }
    expect(config.callback).toBeUndefined()
    expectTwoSpans()
  })

  it.each([false, true])('works with a callback in it, comment: %s', async comment => {
    const client = await connected(comment)
    const config = new OwnConfig('SELECT $1::int AS n', [7])
    for (const time of [1, 2]) {
      const rows = await new Promise((resolve, reject) => {
        const callback: OwnConfig['callback'] = (error, result) =>
          error ? reject(error) : resolve(result.rows)
        config.callback = callback
        client.query(config)
        expect(config.callback).toBe(callback)
      })
      expect([time, rows]).toEqual([time, [{ n: 7 }]])
    }
    expectTwoSpans()
  })

  it.each([false, true])('works with a promise, comment: %s', async comment => {
    const client = await connected(comment)
    const config = new OwnConfig('SELECT $1::int AS n', [7])
    for (const time of [1, 2]) {
      expect([time, await client.query(config)]).toMatchObject([time, { rows: [{ n: 7 }] }])
    }
    expectTwoSpans()
  })
})

function expectTwoSpans(): void {
  expect(db.recorder.spans()).toMatchObject(
    [1, 2].map(() => ({
      name: 'SELECT',
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'db.query.text': 'SELECT $1::int AS n',
        'db.response.returned_rows': 1,
      },
      events: [],
      links: [],
    })),
  )
}
