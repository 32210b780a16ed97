import { once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import type { Response } from 'express'

import { tracing } from '@spanwright/express'

import { readAll, serve } from '@spanwright/http-servers'
import { NEWEST } from './versions.ts'

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterEach(() => recorder.reset())
afterAll(() => recorder.stop())

const GET = 'GET /x HTTP/1.1\r\nHost: h.test\r\n\r\n'

/** The one span, which must agree with the metric. */
async function theSpan(): Promise<ReadableSpan> {
  const span = await recorder.waitFor({ kind: SpanKind.SERVER })
  expect(recorder.spans()).toHaveLength(1)
  expect(recorder.open()).toEqual([])
  const [metric] = await recorder.metrics()
  const attributes = metric?.dataPoints[0]?.attributes
  for (const key of ['error.type', 'http.response.status_code', 'http.route']) {
    expect(attributes?.[key]).toBe(span.attributes[key])
  }
  return span
}

const broken = (errorType: string, statusCode?: number): object => ({
  status: { code: SpanStatusCode.ERROR },
  attributes: expect.objectContaining({ 'error.type': errorType, 'http.route': '/x' }),
  ...(statusCode && { attributes: expect.objectContaining({ 'http.response.status_code': statusCode }) }),
})

describe.each(NEWEST)('a request to $name that is broken off', ({ load }) => {
  const express = load()

  it('by the client before the response begins is an error without a status code', async () => {
    const app = express().use(tracing())
    const arrived = new Promise<void>(resolve => {
      app.get('/x', () => resolve())
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(GET)
    await arrived
    socket.destroy()

    const span = await theSpan()
    expect(span).toMatchObject({ ...broken('ECONNRESET'), name: 'GET /x', events: [] })
    expect(span.attributes).not.toHaveProperty('http.response.status_code')
  })

  it('by the client in the middle of the response is an error with the status code that was sent', async () => {
    const app = express().use(tracing())
    app.get('/x', (_req, res) => {
      res.set('content-length', '100').write('begin')
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(GET)
    await once(socket, 'data')
    socket.destroy()

    expect(await theSpan()).toMatchObject({ ...broken('ECONNRESET', 200), events: [] })
  })

  it('by the client while it still sends its body is an error', async () => {
    const app = express().use(tracing())
    const arrived = new Promise<void>(resolve => {
      app.post('/x', req => {
        req.on('error', () => undefined)
        req.on('data', () => resolve())
      })
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write('POST /x HTTP/1.1\r\nHost: h.test\r\nContent-Length: 100\r\n\r\nbegin')
    await arrived
    socket.destroy()

    expect(await theSpan()).toMatchObject({ ...broken('ECONNRESET'), name: 'POST /x' })
  })

  it('by res.destroy(error) is that error', async () => {
    const app = express().use(tracing())
    app.get('/x', (_req, res) => {
      res.write('begin')
      res.on('error', () => undefined)
      res.destroy(new RangeError('no more'))
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(GET)
    await readAll(socket)

    const span = await theSpan()
    expect(span).toMatchObject({
      ...broken('RangeError', 200),
      status: { code: SpanStatusCode.ERROR, message: 'no more' },
    })
    expect(span.events.map(({ attributes }) => attributes?.['exception.type'])).toEqual(['RangeError'])
  })

  it('by a stream that fails half way is that error', async () => {
    const app = express().use(tracing())
    app.get('/x', async (_req, res) => {
      async function* chunks(): AsyncGenerator<string> {
        yield 'begin'
        await Promise.resolve()
        throw Object.assign(new Error('disk'), { code: 'EIO' })
      }
      await pipeline(Readable.from(chunks()), res).catch(() => undefined)
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(GET)
    await readAll(socket)

    const span = await theSpan()
    expect(span).toMatchObject({
      ...broken('EIO', 200),
      status: { code: SpanStatusCode.ERROR, message: 'disk' },
    })
    expect(span.events).toHaveLength(1)
  })

  it('by an error after the response began is that error', async () => {
    const app = express().set('env', 'test').use(tracing())
    app.get('/x', (_req, res, next) => {
      res.write('begin')
      next(new SyntaxError('half'))
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(GET)
    await readAll(socket)

    expect(await theSpan()).toMatchObject({
      ...broken('SyntaxError', 200),
      status: { code: SpanStatusCode.ERROR, message: 'half' },
    })
  })

  it('never when the client closes after it has got everything', async () => {
    const app = express().use(tracing())
    app.get('/x', (_req, res) => void res.send('all'))
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(GET)
    await once(socket, 'data')
    socket.destroy()

    expect(await theSpan()).toMatchObject({ status: { code: SpanStatusCode.UNSET }, name: 'GET /x' })
  })

  it('late covers the response until then', async () => {
    const app = express().use(tracing())
    let stream: Response | undefined
    app.get('/x', (_req, res) => {
      stream = res
      res.set('content-type', 'text/event-stream').write('data: 1\n\n')
    })
    await using server = await serve(app)
    const socket = server.connect()
    socket.write(GET)
    await once(socket, 'data')
    expect(recorder.open()).toHaveLength(1)
    stream?.write('data: 2\n\n')
    await once(socket, 'data')
    expect(recorder.open()).toHaveLength(1)
    stream?.end()

    expect(await theSpan()).toMatchObject({ status: { code: SpanStatusCode.UNSET } })
  })
})
