import { type Attributes, SpanKind } from '@opentelemetry/api'
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace-base'
import { afterEach, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import request from 'supertest'

import { tracing } from '@spanwright/express'

import { readAll, serve } from '@spanwright/http-servers'
import { NEWEST } from './versions.ts'

let recorder: SpanRecorder
afterEach(() => recorder.stop())

/** Points of a metric: attributes, and value or sum. */
async function pointsOf(name: string): Promise<[Attributes, unknown][]> {
  const metric = (await recorder.metrics()).find(({ descriptor }) => descriptor.name === name)
  return (metric?.dataPoints ?? []).map(({ attributes, value }) => [
    attributes,
    typeof value === 'object' && 'sum' in value ? value.sum : value,
  ])
}

describe.each(NEWEST)('the metrics of $name', ({ load }) => {
  const express = load()

  it('hold the route when the trace is not sampled, too', async () => {
    recorder = recordSpans({ global: true, sampler: new AlwaysOffSampler() })
    const app = express().set('env', 'test').use(tracing())
    app.get('/users/:id', () => {
      throw new RangeError('no')
    })
    await request(app).get('/users/7').expect(500)

    expect(recorder.spans()).toEqual([])
    expect(await pointsOf('http.server.request.duration')).toEqual([
      [
        expect.objectContaining({
          'http.route': '/users/:id',
          'http.response.status_code': 500,
          'error.type': 'RangeError',
        }),
        expect.any(Number),
      ],
    ])
  })

  it('count open requests when asked to', async () => {
    recorder = recordSpans({ global: true })
    const app = express().use(tracing({ metrics: { activeRequests: true } }))
    const arrived = new Promise<() => void>(resolve => {
      app.get('/x', (_req, res) => resolve(() => res.send('ok')))
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write('GET /x HTTP/1.1\r\nHost: h\r\n\r\n')
    const answer = await arrived
    const attributes = { 'http.request.method': 'GET', 'url.scheme': 'http' }

    expect(await pointsOf('http.server.active_requests')).toEqual([[attributes, 1]])
    answer()
    await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(await pointsOf('http.server.active_requests')).toEqual([[attributes, 0]])
  })

  it('hold the sizes of bodies when asked to', async () => {
    recorder = recordSpans({ global: true })
    const app = express().use(tracing({ metrics: { bodySizes: true } }), express.json())
    app.post('/x', (_req, res) => {
      res.write('äö')
      res.write(Buffer.from([1, 2]))
      res.end('end')
    })
    app.get('/x', (_req, res) => void res.send('four'))
    await request(app).post('/x').send({ a: 1 }).expect(200)
    await request(app).get('/x').expect(200)
    await request(app).head('/x').expect(200)
    await recorder.waitFor(() => recorder.spans().length === 3)

    const byMethod = async (name: string): Promise<[unknown, unknown][]> =>
      (await pointsOf(name)).map(([attributes, sum]) => [attributes['http.request.method'], sum])
    expect(await byMethod('http.server.request.body.size')).toEqual([
      ['POST', 7],
      ['GET', 0],
      ['HEAD', 0],
    ])
    expect(await byMethod('http.server.response.body.size')).toEqual([
      ['POST', 9],
      ['GET', 4],
      ['HEAD', 0],
    ])
  })

  it('count the bytes of a body without a length', async () => {
    recorder = recordSpans({ global: true })
    const app = express().use(tracing({ metrics: { bodySizes: true } }))
    app.post('/x', (req, res) => {
      req.resume().on('end', () => void res.end())
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(
      'POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    )
    await readAll(socket)
    await recorder.waitFor({ kind: SpanKind.SERVER })

    expect((await pointsOf('http.server.request.body.size')).map(([, sum]) => sum)).toEqual([5])
  })

  it('leave the methods that write a body as they are', async () => {
    recorder = recordSpans({ global: true })
    const app = express().use(tracing({ metrics: { bodySizes: true } }))
    const results: unknown[] = []
    app.get('/x', (_req, res) => {
      results.push(res.write('a', 'latin1', () => results.push('written')))
      results.push(res.end('Yg==', 'base64', () => results.push('ended')) === res)
    })
    const { text } = await request(app).get('/x')
    await recorder.waitFor({ kind: SpanKind.SERVER })

    expect(text).toBe('ab')
    expect(results).toEqual([true, true, 'written', 'ended'])
    expect((await pointsOf('http.server.response.body.size')).map(([, sum]) => sum)).toEqual([2])
  })

  it('are none with metrics off', async () => {
    recorder = recordSpans({ global: true })
    const app = express().use(tracing({ metrics: false }))
    await request(app).get('/x')
    await recorder.waitFor({ kind: SpanKind.SERVER })

    expect(await recorder.metrics()).toEqual([])
  })
})
