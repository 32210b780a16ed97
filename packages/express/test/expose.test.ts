import { SpanKind } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import type { RequestHandler } from 'express'
import request from 'supertest'

import { tracing } from '@spanwright/express'

import { NEWEST } from './versions.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

describe.each(NEWEST)('the option expose in $name', ({ load }) => {
  const express = load()

  /** Headers of a response, and the ids of its span. */
  async function ask(
    expose: string | undefined,
    handler: RequestHandler,
  ): Promise<{ headers: Record<string, string>; traceId: string; id: string }> {
    const app = express().use(tracing({ expose })).get('/x', handler)
    const { headers, status } = await request(app).get('/x')
    expect(status).toBe(200)
    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    const { traceId, spanId } = span.spanContext()
    return { headers, traceId, id: `00-${traceId}-${spanId}-01` }
  }

  it('is off by default', async () => {
    const { headers } = await ask(undefined, (_req, res) => void res.send('ok'))

    expect(Object.keys(headers)).not.toContain('traceresponse')
    expect(Object.keys(headers)).not.toContain('server-timing')
  })

  it("'traceresponse' sends the id of trace and span", async () => {
    const { headers, id } = await ask('traceresponse', (_req, res) => void res.send('ok'))

    expect(headers['traceresponse']).toBe(id)
    expect(headers).not.toHaveProperty('access-control-expose-headers')
  })

  it("'server-timing' adds to the header of the application", async () => {
    const set = await ask(
      'server-timing',
      (_req, res) => void res.set('Server-Timing', 'db;dur=5').send('ok'),
    )
    expect(set.headers['server-timing']).toBe(`db;dur=5, trace;desc="${set.id}"`)
    await recorder.reset()

    const given = await ask('server-timing', (_req, res) => {
      res.writeHead(200, Object.freeze({ 'Server-Timing': 'db;dur=6' })).end()
    })
    expect(given.headers['server-timing']).toBe(`db;dur=6, trace;desc="${given.id}"`)
    await recorder.reset()

    const alone = await ask('server-timing', (_req, res) => void res.send('ok'))
    expect(alone.headers['server-timing']).toBe(`trace;desc="${alone.id}"`)
  })

  it('another header gets the trace id', async () => {
    const { headers, traceId } = await ask('X-Trace-Id', (_req, res) => void res.send('ok'))

    expect(headers['x-trace-id']).toBe(traceId)
  })

  it('extends what CORS exposes, and replaces nothing', async () => {
    const cors = await ask('traceresponse', (_req, res) => {
      res.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'ETag' }).send('ok')
    })
    expect(cors.headers['access-control-expose-headers']).toBe('ETag, traceresponse')
    await recorder.reset()

    const none = await ask('traceresponse', (_req, res) => {
      res.set('Access-Control-Allow-Origin', '*').send('ok')
    })
    expect(none.headers['access-control-expose-headers']).toBe('traceresponse')
    await recorder.reset()

    const all = await ask('traceresponse', (_req, res) => {
      res.set({ 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': '*' }).send('ok')
    })
    expect(all.headers['access-control-expose-headers']).toBe('*')
  })

  it('works with a stream and with headers in a list', async () => {
    const { headers, id } = await ask('server-timing', (_req, res) => {
      res.writeHead(200, ['Server-Timing', 'a', 'X-Other', 'b'] as never).write('1')
      res.end('2')
    })

    expect(headers['server-timing']).toBe(`a, trace;desc="${id}"`)
    expect(headers['x-other']).toBe('b')
  })

  it.each(['', 'a b', 'x:y', 7])('refuses %j', value => {
    expect(() => tracing({ expose: value as never })).toThrow(/option expose must be/)
  })
})
