import { once } from 'node:events'

import { type Attributes, SpanKind } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import type { Application } from 'express'

import { tracing } from '@spanwright/express'

import { readAll, serve } from '@spanwright/http-servers'
import { NEWEST } from './versions.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

/** Sends text over one connection and tells the answer and, of each span, name, status code and error type. */
async function send(
  app: Application,
  text: string,
  spans: number,
): Promise<[string, [string, Attributes[string], Attributes[string]][]]> {
  await using server = await serve(app)
  const socket = server.connect()
  socket.write(text)
  const answer = await readAll(socket)
  await recorder.waitFor(() => recorder.spans().length >= spans)
  expect(recorder.open()).toEqual([])
  const told = recorder
    .spans()
    .map(({ name, attributes }): [string, Attributes[string], Attributes[string]] => [
      name,
      attributes['http.response.status_code'],
      attributes['error.type'],
    ])
  return [answer, told]
}

const last = 'Host: h.test\r\nConnection: close\r\n\r\n'

describe.each(NEWEST)('one span for each request to $name', ({ load }) => {
  const express = load()

  it('on a connection that is kept alive and pipelined', async () => {
    const app = express().use(tracing())
    app.get('/slow', (_req, res) => setImmediate(() => setImmediate(() => void res.send('slow'))))
    app.get('/quick', (_req, res) => void res.send('quick'))
    const [answer, spans] = await send(
      app,
      `GET /slow HTTP/1.1\r\nHost: h.test\r\n\r\nGET /quick HTTP/1.1\r\nHost: h.test\r\n\r\nGET /none HTTP/1.1\r\n${last}`,
      3,
    )

    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404'])
    expect(new Set(spans)).toEqual(
      new Set([
        ['GET /quick', 200, undefined],
        ['GET /slow', 200, undefined],
        ['GET', 404, undefined],
      ]),
    )
    expect(new Set(recorder.spans().map(span => span.spanContext().traceId)).size).toBe(3)
  })

  it('with HEAD, 204 and 304', async () => {
    const app = express().use(tracing())
    app.get('/x', (_req, res) => void res.send('body'))
    app.get('/none', (_req, res) => void res.status(204).end())
    app.get('/same', (_req, res) => void res.set('etag', '"1"').send('body'))
    const [, spans] = await send(
      app,
      `HEAD /x HTTP/1.1\r\nHost: h.test\r\n\r\nGET /none HTTP/1.1\r\nHost: h.test\r\n\r\nGET /same HTTP/1.1\r\nIf-None-Match: "1"\r\n${last}`,
      3,
    )

    expect(spans).toEqual([
      ['HEAD /x', 200, undefined],
      ['GET /none', 204, undefined],
      ['GET /same', 304, undefined],
    ])
  })

  it('with interim responses before the final one', async () => {
    const app = express().use(tracing())
    app.get('/x', (_req, res) => {
      res.writeProcessing()
      res.writeEarlyHints({ link: '</a.css>; rel=preload' })
      res.send('ok')
    })
    const [answer, spans] = await send(app, `GET /x HTTP/1.1\r\n${last}`, 1)

    expect(answer).toContain('HTTP/1.1 103')
    expect(spans).toEqual([['GET /x', 200, undefined]])
  })

  it('that waits for 100 Continue', async () => {
    const app = express().use(tracing())
    app.post('/x', (req, res) => {
      req.resume().on('end', () => void res.send('got it'))
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(`POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n${last}`)
    const [interim] = (await once(socket, 'data')) as [Buffer]
    expect(interim.toString()).toContain('100 Continue')
    socket.write('ok')
    await readAll(socket)

    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(span.name).toBe('POST /x')
    expect(recorder.spans()).toHaveLength(1)
  })

  it('that a listener for checkContinue hands on', async () => {
    const app = express().use(tracing())
    app.post('/x', (req, res) => {
      req.resume().on('end', () => void res.send('got it'))
    })
    await using server = await serve(app)
    server.server.on('checkContinue', (req, res) => {
      res.writeContinue()
      app(req, res)
    })
    const socket = server.connect()
    socket.write(`POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n${last}`)
    await once(socket, 'data')
    socket.write('ok')
    await readAll(socket)

    expect((await recorder.waitFor({ kind: SpanKind.SERVER })).name).toBe('POST /x')
    expect(recorder.spans()).toHaveLength(1)
  })

  it('of HTTP/1.0, without a Host', async () => {
    const app = express().use(tracing())
    app.get('/x', (_req, res) => void res.send('ok'))
    const [answer] = await send(app, 'GET /x HTTP/1.0\r\n\r\n', 1)

    expect(answer).toContain('200 OK')
    const { attributes } = await recorder.waitFor('GET /x')
    expect(attributes).toMatchObject({ 'network.protocol.version': '1.0', 'url.path': '/x' })
    expect(attributes).not.toHaveProperty('server.address')
    expect(attributes).not.toHaveProperty('server.port')
  })

  it('with a method that is not known', async () => {
    const app = express().use(tracing())
    app.purge('/cache/:key', (_req, res) => void res.send('gone'))
    const [, spans] = await send(
      app,
      `PURGE /cache/1 HTTP/1.1\r\nHost: h.test\r\n\r\nPURGE /none HTTP/1.1\r\n${last}`,
      2,
    )

    expect(spans).toEqual([
      ['HTTP /cache/:key', 200, undefined],
      ['HTTP', 404, undefined],
    ])
    expect(recorder.spans()[0]?.attributes).toMatchObject({
      'http.request.method': '_OTHER',
      'http.request.method_original': 'PURGE',
    })
    const [metric] = await recorder.metrics()
    for (const { attributes } of metric?.dataPoints ?? []) {
      expect(attributes['http.request.method']).toBe('_OTHER')
      expect(attributes).not.toHaveProperty('http.request.method_original')
    }
  })

  it('with a method that OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS makes known', async () => {
    process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'] = 'PURGE, POST'
    const app = express()
    try {
      app.use(tracing())
    } finally {
      delete process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS']
    }
    const [, spans] = await send(
      app,
      `PURGE /x HTTP/1.1\r\nHost: h.test\r\n\r\nGET /x HTTP/1.1\r\n${last}`,
      2,
    )

    expect(spans.map(([name]) => name)).toEqual(['PURGE', 'HTTP'])
  })
})
