import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base'
import { createTraceState, trace, context, ROOT_CONTEXT, TraceFlags } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { traceClient, tracePool } from '@spanwright/pg'
import { recordSpans } from '@spanwright/testing'
import type { Client } from 'pg'
import Cursor from 'pg-cursor'

import { useDatabase } from './database.ts'

const db = useDatabase()

/** A client with comments on, whose queries return the text the server was sent. */
async function commenting(options: object = {}): Promise<Client> {
  return traceClient(await db.client(), { comment: true, ...options })
}

const SENT = 'SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()'

async function sent(client: Pick<Client, 'query'>, text: string = SENT, values?: unknown[]): Promise<string> {
  const { rows } = await client.query<{ query: string }>(text, values as [])
  return rows[0]?.query ?? ''
}

function traceparent(): string {
  const { traceId, spanId } = db.recorder.spans()[0]?.spanContext() ?? { traceId: '', spanId: '' }
  return `00-${traceId}-${spanId}-01`
}

describe('comments', () => {
  it('are not written by default', async () => {
    expect(await sent(traceClient(await db.client()))).toBe(SENT)
  })

  it('name the trace of the span, and the span records the text as the caller wrote it', async () => {
    expect(await sent(await commenting())).toBe(`${SENT} /*traceparent='${traceparent()}'*/`)
    expect(db.recorder.spans()[0]?.attributes['db.query.text']).toBe(SENT)
  })

  it('are written for every call style, even on a pool, and never to objects of the caller', async () => {
    const pool = tracePool(db.pool(), { comment: true })
    const config = Object.freeze({ text: `${SENT} AND $1`, values: [true] })
    const { rows } = await pool.query<{ query: string }>(config)
    expect(rows[0]?.query).toBe(`${config.text} /*traceparent='${traceparent()}'*/`)
    const client = await commenting()
    await db.recorder.reset()
    const byCallback = await new Promise(resolve =>
      client.query(config, (_error: Error, result: { rows: unknown[] }) => resolve(result.rows)),
    )
    expect(byCallback).toEqual([{ query: `${config.text} /*traceparent='${traceparent()}'*/` }])
  })

  it('hold tracestate and own tags, sorted and encoded', async () => {
    const tags = { route: "/it's/:id*/", empty: '', absent: undefined, 'k y': 'ü' }
    const client = await commenting({ comment: { tags: () => tags } })
    const parent = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      traceFlags: TraceFlags.SAMPLED,
      traceState: createTraceState('a=b,c=d'),
    })
    const text = await context.with(parent, () => sent(client))
    expect(text).toBe(
      `${SENT} /*k%20y='%C3%BC',route='%2Fit%27s%2F%3Aid%2A%2F',traceparent='${traceparent()}',tracestate='a%3Db%2Cc%3Dd'*/`,
    )
  })

  it('are only the own tags when the trace is not sampled', async () => {
    using recorder = recordSpans({ sampler: new AlwaysOffSampler() })
    const { tracerProvider } = recorder
    expect(await sent(await commenting({ tracerProvider }))).toBe(SENT)
    const tags = (): object => ({ route: 'r' })
    expect(await sent(await commenting({ tracerProvider, comment: { tags } }))).toBe(`${SENT} /*route='r'*/`)
  })

  it('are not written into a query that already has a comment', async () => {
    const client = await commenting()
    expect(await sent(client, `${SENT} -- mine`)).toBe(`${SENT} -- mine`)
    expect(await sent(client, `/* mine */ ${SENT}`)).toBe(`/* mine */ ${SENT}`)
  })

  it('are written after what only looks like a comment', async () => {
    const client = await commenting()
    const text = `${SENT} AND '--' <> '/*'`
    expect(await sent(client, text)).toBe(`${text} /*traceparent='${traceparent()}'*/`)
  })

  it('are not written into named statements', async () => {
    const client = await commenting()
    for (let i = 0; i < 2; i++) {
      const { rows } = await client.query({ name: 'sent', text: SENT })
      expect(rows).toEqual([{ query: SENT }])
    }
  })

  it('are not added to cursors', async () => {
    const client = await commenting()
    const cursor = client.query(new Cursor<{ query: string }>(SENT))
    expect(await cursor.read(5)).toEqual([{ query: SENT }])
    await cursor.close()
    expect(db.recorder.spans()).toHaveLength(1)
  })

  it('are not added to an unterminated text, which the server rejects itself', async () => {
    const client = await commenting()
    await expect(client.query("SELECT 'open")).rejects.toMatchObject({ code: '42601', position: '8' })
    await expect(client.query('')).resolves.toMatchObject({ rows: [] })
  })
})
