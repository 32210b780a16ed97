import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  createServer as createHttp2Server,
} from 'node:http2'
import { connect, type Server, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'

import Router from '@koa/router'
import { describe, expect, it } from '@jest/globals'
import { SpanStatusCode } from '@opentelemetry/api'
import type Koa from 'koa'
import type { Context } from 'koa'

import { requestsInFlight, tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { listen, portOf } from './service.ts'
import { KOAS } from './versions.ts'

const DURATION = 'http.server.request.duration'
const ACTIVE = 'http.server.active_requests'
const REQUEST_BODY = 'http.server.request.body.size'
const RESPONSE_BODY = 'http.server.response.body.size'

const OPENED = { 'http.request.method': 'POST', 'url.scheme': 'http' }
const FINISHED = { ...OPENED, 'http.route': '/items/:id', 'network.protocol.version': '2' }

interface Sent {
  readonly session: ClientHttp2Session
  readonly socket: Socket
  readonly stream: ClientHttp2Stream
  readonly over: Promise<unknown>
}

/** Attributes and value, or sum, of every point. */
async function points(): Promise<Record<string, unknown>> {
  const found = (await recorder.metrics()).map(({ descriptor, dataPoints }) => [
    descriptor.name,
    dataPoints.map(({ attributes, value }) => [
      attributes,
      typeof value === 'object' && 'sum' in value ? value.sum : value,
    ]),
  ])
  return Object.fromEntries(found) as Record<string, unknown>
}

describe.each(KOAS)('over HTTP/2, $name', ({ Koa: AnyKoa }) => {
  function serving(handler: (ctx: Context) => unknown): Promise<Server> {
    const app: Koa = new AnyKoa()
    app.silent = true
    const router = new Router().post('/items/:id', handler as never)
    app.use(tracing({ metrics: { activeRequests: true, bodySizes: true } })).use(router.routes())
    return listen(createHttp2Server(app.callback() as never))
  }

  /** Sends a request with a body of five bytes on a session of its own. */
  function post(server: Server): Sent {
    const socket = connect(portOf(server), '127.0.0.1')
    const session = connectHttp2(`http://127.0.0.1:${portOf(server)}`, { createConnection: () => socket })
    session.on('error', () => undefined)
    const stream = session.request({ ':method': 'POST', ':path': '/items/7' })
    stream.on('error', () => undefined)
    stream.end('12345')
    stream.resume()
    return { session, socket, stream, over: new Promise(resolve => stream.on('close', resolve)) }
  }

  it('has the metrics of a request that is answered', async () => {
    const server = await serving(async ctx => {
      await once(ctx.req.resume(), 'end')
      ctx.body = `answer ${requestsInFlight().length}`
    })
    const { session, over } = post(server)
    await over
    session.close()
    await recorder.waitFor('POST /items/:id')

    const answered = { ...FINISHED, 'http.response.status_code': 200 }
    expect(await points()).toEqual({
      [DURATION]: [[answered, expect.any(Number)]],
      [ACTIVE]: [[OPENED, 0]],
      [REQUEST_BODY]: [[answered, 5]],
      [RESPONSE_BODY]: [[answered, 'answer 1'.length]],
    })
  })

  it('has the same outcome on span and metrics when the client cancels an event stream', async () => {
    const body = new PassThrough()
    const server = await serving(ctx => {
      ctx.type = 'text/event-stream'
      ctx.body = body
    })
    const { session, stream, over } = post(server)
    body.write('data: 1\n\n')
    await once(stream, 'data')
    stream.close(constants.NGHTTP2_CANCEL)
    await over
    session.close()

    const span = await recorder.waitFor('POST /items/:id')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.events).toEqual([])
    const left = { ...FINISHED, 'http.response.status_code': 200, 'error.type': 'ECONNRESET' }
    expect(span.attributes).toMatchObject(left)
    expect(await points()).toEqual({
      [DURATION]: [[left, expect.any(Number)]],
      [ACTIVE]: [[OPENED, 0]],
      [REQUEST_BODY]: [[left, expect.any(Number)]],
      [RESPONSE_BODY]: [[left, 9]],
    })
  })

  it.each<[string, (ctx: Context, error: Error) => void]>([
    [
      'the body stream',
      (ctx, error) => {
        const body = new PassThrough()
        ctx.body = body
        // Koa 2 leaves a response open whose body failed.
        body.once('error', () => setImmediate(() => ctx.res.destroy()))
        ctx.res.once('pipe', () => setImmediate(() => body.destroy(error)))
        body.write('half')
      },
    ],
    [
      'the stream of the response',
      (ctx, error) => {
        ctx.respond = false
        ctx.res.write('half', () => (ctx.res as unknown as { stream: PassThrough }).stream.destroy(error))
      },
    ],
  ])('has the error of %s that fails half way', async (_, fail) => {
    const error = Object.assign(new Error('disk'), { code: 'EIO' })
    const server = await serving(ctx => {
      ctx.status = 200
      fail(ctx, error)
    })
    const { session, over } = post(server)
    await over
    session.close()

    const span = await recorder.waitFor('POST /items/:id')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'disk' })
    const failed = { ...FINISHED, 'http.response.status_code': 200, 'error.type': 'EIO' }
    expect(span.attributes).toMatchObject(failed)
    expect(span.events.map(({ name, attributes }) => [name, attributes?.['exception.message']])).toEqual([
      ['exception', 'disk'],
    ])
    expect((await points())[DURATION]).toEqual([[failed, expect.any(Number)]])
  })

  it.each<[string, (session: ClientHttp2Session, socket: Socket) => void]>([
    ['resets its connection', (_session, socket) => socket.resetAndDestroy()],
    ['closes its connection', (_session, socket) => socket.destroy()],
    ['breaks its session off', session => session.destroy(undefined, constants.NGHTTP2_INTERNAL_ERROR)],
  ])('has no exception of the application when the client %s', async (_, leave) => {
    let arrive: (() => void) | undefined
    const arrived = new Promise<void>(resolve => (arrive = resolve))
    const server = await serving(ctx => {
      ctx.respond = false
      ctx.res.write('half', arrive)
    })
    const { session, socket } = post(server)
    await arrived
    leave(session, socket)

    const span = await recorder.waitFor('POST /items/:id')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.events).toEqual([])
    expect(span.attributes).toMatchObject({ ...FINISHED, 'error.type': 'ECONNRESET' })
    expect((await points())[ACTIVE]).toEqual([[OPENED, 0]])
  })
})
