import { setImmediate as turn } from 'node:timers/promises'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceClient, tracePool } from '@spanwright/pg'
import { Pool, type PoolClient } from 'pg'

import { useDatabase } from './database.ts'

const db = useDatabase()

type Run = (text: unknown, values?: unknown) => Promise<unknown>

/** A pool whose `query()` is the application's own. */
class OwnPool extends Pool {
  run: (original: Run, text: unknown, values: unknown, pool: OwnPool) => Promise<unknown> = original =>
    original('SELECT 1')

  override query(...[text, values]: unknown[]): never {
    const original = super.query.bind(this) as unknown as Run
    return this.run(original, text, values, this) as never
  }

  ask(text: string, values?: unknown[]): Promise<unknown> {
    return this.query(text, values)
  }
}

async function askLater(pool: Pool, text: string): Promise<void> {
  await turn()
  const client = await pool.connect()
  await client.query(text)
  client.release()
}

function ownPool(run: OwnPool['run'], options: Parameters<typeof tracePool>[1] = {}): OwnPool {
  const pool = new OwnPool({ ...db.config(), max: 1 })
  pool.run = run
  db.later(() => pool.end())
  return tracePool(pool, options)
}

const one = {
  name: 'SELECT',
  kind: SpanKind.CLIENT,
  status: { code: SpanStatusCode.UNSET },
  attributes: {
    'db.system.name': 'postgresql',
    'db.namespace': 'shop',
    'db.query.text': 'SELECT $1::int AS n',
    'db.query.summary': 'SELECT',
    'db.response.returned_rows': 1,
    'spanwright.db.wait_time': expect.any(Number),
  },
  events: [],
  links: [],
}

describe('a pool whose query()', () => {
  it.each<[string, OwnPool['run']]>([
    [
      'waits before it runs the original',
      async (original, text, values) => {
        await turn()
        return original(text, values)
      },
    ],
    [
      'tries another query before',
      async (original, text, values) => {
        await original('SELECT broken').catch(() => {})
        return original(text, values)
      },
    ],
    [
      'retries the query',
      async (original, text, values) => {
        await original(text, ['no number']).catch(() => {})
        await turn()
        return original(text, values)
      },
    ],
    [
      'borrows a client for it',
      async (_, text, values, pool) => {
        await turn()
        const client: PoolClient = await pool.connect()
        try {
          return await client.query(text as string, values as unknown[])
        } finally {
          client.release()
        }
      },
    ],
  ])('%s has one span, with the time it waited', async (_, run) => {
    const pool = ownPool(run, { checkout: 'span' })
    const { rows } = await withSpan(
      'caller',
      () => pool.ask('SELECT $1::int AS n', [7]) as Promise<{ rows: unknown }>,
    )
    expect(rows).toEqual([{ n: 7 }])
    const [span, caller, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(span).toMatchObject({ ...one, parentSpanContext: { spanId: caller?.spanContext().spanId } })
  })

  it('sends a query of its own has a span for that too', async () => {
    const asked = 'SELECT 2 AS own'
    const pool = ownPool(async (original, text, values, self) => {
      if (text !== asked) await self.ask(asked)
      await turn()
      return original(text, values)
    })
    await pool.ask('SELECT 1')
    expect(db.recorder.spans().map(({ attributes }) => attributes['db.query.text'])).toEqual([
      'SELECT ? AS own',
      'SELECT ?',
    ])
  })

  it('sends a comment after waiting has one span', async () => {
    let sent: unknown
    const pool = ownPool(
      async (original, text, values) => {
        sent = text
        await turn()
        return original(text, values)
      },
      { comment: true },
    )
    await pool.ask('SELECT 1')
    const [span, ...others] = db.recorder.spans()
    expect(others).toEqual([])
    expect(sent).toContain(span?.spanContext().spanId)
  })

  it('queries again after its answer has a separate span for that', async () => {
    let later: Promise<unknown> | undefined
    const pool = ownPool(async (original, text, values, self) => {
      const answer = await original(text, values)
      later = askLater(self, text as string)
      return answer
    })
    await pool.ask('SELECT 1')
    await later
    expect(db.recorder.spans().map(({ name }) => name)).toEqual(['SELECT', 'SELECT'])
    expect(db.recorder.spans()[1]?.attributes).not.toHaveProperty(['spanwright.db.wait_time'])
  })

  it('queries another pool has a span for each', async () => {
    const other = traceClient(await db.client())
    const pool = ownPool(async (original, text, values) => {
      await other.query('SELECT 1')
      return original(text, values)
    })
    await pool.ask('SELECT 1')
    expect(db.recorder.spans()).toHaveLength(2)
  })
})
