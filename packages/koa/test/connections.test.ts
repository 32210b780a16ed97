import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import {
  connect as connectHttp2,
  constants,
  createServer as createHttp2Server,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { Server } from 'node:net'
import { PassThrough } from 'node:stream'

import Router from '@koa/router'
import { describe, expect, it } from '@jest/globals'
import { SpanStatusCode, trace } from '@opentelemetry/api'
import type Koa from 'koa'
import request from 'supertest'

import { tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { firstBytes, listen, openRequest, portOf, send, serve } from './service.ts'
import { KOAS } from './versions.ts'

interface Http2Answer {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

describe.each(KOAS)('over HTTP/2, $name', ({ Koa }) => {
  function shop(): Koa {
    const app = new Koa()
    app.silent = true
    const router = new Router()
    router.get('/users/:id', ctx => void (ctx.body = trace.getActiveSpan()?.spanContext().spanId))
    router.get('/fail', () => Promise.reject(new TypeError('out of luck')))
    app.use(tracing()).use(router.routes())
    return app
  }

  async function serveHttp2(app: Koa): Promise<Server> {
    return listen(createHttp2Server(app.callback() as never))
  }

  async function open(server: Server, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    const session = connectHttp2(`http://127.0.0.1:${portOf(server)}`)
    session.on('error', () => undefined)
    await once(session, 'connect')
    const stream = session.request(headers)
    stream.on('close', () => session.close())
    return stream
  }

  async function get(server: Server, headers: OutgoingHttpHeaders): Promise<Http2Answer> {
    const stream = await open(server, headers)
    const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    let body = ''
    for await (const chunk of stream) body += String(chunk)
    return { headers: answer, body }
  }

  it('makes one server span with the authority as server', async () => {
    const server = await serveHttp2(shop())
    const answer = await get(server, {
      ':path': '/users/7?a=1',
      ':authority': 'shop.test:8443',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    })

    const span = await recorder.waitFor('GET /users/:id')
    expect(recorder.spans()).toEqual([span])
    expect(answer.headers[':status']).toBe(200)
    expect(answer.body).toBe(span.spanContext().spanId)
    expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/users/:id',
      'url.path': '/users/7',
      'url.query': 'a=1',
      'url.scheme': 'http',
      'server.address': 'shop.test',
      'server.port': 8443,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '2',
    })
  })

  it('shows what a handler threw', async () => {
    const answer = await get(await serveHttp2(shop()), { ':path': '/fail' })

    const span = await recorder.waitFor('GET /fail')
    expect(answer.headers[':status']).toBe(500)
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'out of luck' })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': 'TypeError' })
    expect(span.events.map(event => event.name)).toEqual(['exception'])
  })

  it('ends the span when the client cancels the stream', async () => {
    const body = new PassThrough()
    const app = new Koa()
    app.silent = true
    app.use(tracing()).use(ctx => void (ctx.body = body))
    const stream = await open(await serveHttp2(app), { ':path': '/' })
    stream.on('error', () => undefined)
    body.write('half of it')
    await once(stream, 'data')
    stream.close(constants.NGHTTP2_CANCEL)

    const span = await recorder.waitFor('GET')
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'ECONNRESET' })
    expect(recorder.open()).toEqual([])
  })

  it('leaves no span open for a client that disconnected before tracing began', async () => {
    const gone = new Promise<void>((resolve, reject) => {
      const app = new Koa()
      app.silent = true
      app.use(async (ctx, next) => {
        await once(ctx.res, 'close')
        await new Promise(done => setImmediate(done))
        await next().then(resolve, reject)
      })
      app.use(tracing()).use(ctx => void (ctx.body = 'too late'))
      void serveHttp2(app)
        .then(server => open(server, { ':path': '/' }))
        .then(stream => stream.session?.destroy())
    })
    await gone

    expect(recorder.open()).toEqual([])
    const [span] = recorder.spans()
    expect(recorder.spans()).toEqual([span])
    expect(span?.attributes).toMatchObject({ 'error.type': 'ECONNRESET' })
  })
})

describe.each(KOAS)('behind a proxy, $name', ({ Koa }) => {
  const FORWARDED = {
    'x-forwarded-for': '203.0.113.9, 10.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'shop.example.com:444',
  }

  it.each([true, false])('trusts forwarded headers only when the app does: %s', async proxy => {
    const app = new Koa()
    app.proxy = proxy
    app.use(tracing()).use(ctx => void (ctx.body = 'ok'))
    const server = await serve(app)
    await request(server).get('/').set(FORWARDED).expect(200)

    const span = await recorder.waitFor('GET')
    expect(span.attributes).toMatchObject(
      proxy
        ? {
            'client.address': '203.0.113.9',
            'url.scheme': 'https',
            'server.address': 'shop.example.com',
            'server.port': 444,
            'network.peer.address': '127.0.0.1',
          }
        : {
            'client.address': '127.0.0.1',
            'url.scheme': 'http',
            'server.address': '127.0.0.1',
            'server.port': portOf(server),
            'network.peer.address': '127.0.0.1',
          },
    )
  })

  it('lets later middleware determine the client', async () => {
    const app = new Koa()
    app.proxy = true
    app.use(tracing())
    app.use((ctx, next) => {
      ctx.req.headers['x-forwarded-for'] = '198.51.100.4'
      return next()
    })
    app.use(ctx => void (ctx.body = ctx.ip))
    await request(await serve(app))
      .get('/')
      .set(FORWARDED)
      .expect(200, '198.51.100.4')
  })
})

describe.each(KOAS)('on a connection to $name', ({ Koa }) => {
  function shop(): Koa {
    const app = new Koa()
    app.silent = true
    const router = new Router()
    router.all('/users/:id', ctx => void (ctx.body = 'a user'))
    router.delete('/gone/:id', ctx => void (ctx.status = 204))
    router.get('/cached', ctx => void (ctx.status = 304))
    router.put('/upload', async ctx => {
      let size = 0
      for await (const chunk of ctx.req) size += (chunk as Buffer).length
      ctx.body = String(size)
    })
    app.use(tracing()).use(router.routes()).use(router.allowedMethods())
    return app
  }

  const ask = (start: string, more = '') => `${start} HTTP/1.1\nHost: shop.test\nConnection: close\n${more}\n`

  it.each([
    ['HEAD /users/7', 'HEAD /users/:id', 200],
    ['DELETE /gone/7', 'DELETE /gone/:id', 204],
    ['GET /cached', 'GET /cached', 304],
    ['OPTIONS /cached', 'OPTIONS', 200],
    ['PURGE /users/7', 'HTTP /users/:id', 200],
    ['PROPFIND /nothing', 'HTTP', 501],
    ['GET http://shop.test/users/7?x', 'GET /users/:id', 200],
    ['GET //users/7', 'GET', 404],
    ['GET /users/%E0%A4%A', 'GET /users/:id', 200],
    ['GET /%00/%FF?%00&%', 'GET', 404],
    ['OPTIONS *', 'OPTIONS', 404],
  ])('makes one span for %s', async (start, name, status) => {
    const answer = await send(await serve(shop()), ask(start))

    const span = await recorder.waitFor(() => true)
    expect(recorder.spans()).toEqual([span])
    expect(recorder.open()).toEqual([])
    expect(span.name).toBe(name)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(span.attributes).toMatchObject({ 'http.response.status_code': status })
    const [, method] = /^(\S+)/.exec(start) ?? []
    expect(span.attributes['http.request.method_original'] ?? span.attributes['http.request.method']).toBe(
      method,
    )
    expect(span.attributes['error.type']).toBe(status === 501 ? '501' : undefined)
  })

  it('answers 100-continue within one span', async () => {
    const server = await serve(shop())
    const socket = await openRequest(server, ask('PUT /upload', 'Expect: 100-continue\nContent-Length: 5\n'))
    expect(await firstBytes(socket)).toMatch(/^HTTP\/1.1 100 Continue/)
    socket.write('12345')
    let answer = ''
    for await (const chunk of socket) answer += String(chunk)

    const span = await recorder.waitFor('PUT /upload')
    expect(recorder.spans()).toEqual([span])
    expect(answer).toMatch(/^HTTP\/1.1 200 OK[\s\S]*5$/)
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200 })
  })

  it('answers a request without a host', async () => {
    const answer = await send(await serve(shop()), 'GET /users/7 HTTP/1.0\n\n')

    const span = await recorder.waitFor('GET /users/:id')
    expect(answer).toMatch(/^HTTP\/1.1 200 /)
    expect(span.attributes).toMatchObject({ 'network.protocol.version': '1.0' })
    expect(span.attributes).not.toHaveProperty('server.address')
  })

  it('leaves no span open for a client that disconnected before tracing began', async () => {
    const app = new Koa()
    app.silent = true
    const begun = new Promise<void>((resolve, reject) => {
      app.use(async (ctx, next) => {
        await once(ctx.res, 'close')
        await next().then(resolve, reject)
      })
    })
    app.use(tracing()).use(ctx => void (ctx.body = 'too late'))
    const server = await serve(app)
    server.once('request', () => socket.destroy())
    const socket = await openRequest(server, ask('GET /'))
    await begun

    expect(recorder.open()).toEqual([])
    const [span] = recorder.spans()
    expect(recorder.spans()).toEqual([span])
    expect(span?.attributes).toMatchObject({ 'error.type': 'ECONNRESET' })
    expect(span?.attributes).not.toHaveProperty('http.response.status_code')
  })

  it('covers a stream of events to its end', async () => {
    const body = new PassThrough()
    const app = new Koa()
    app.use(tracing()).use(ctx => {
      ctx.type = 'text/event-stream'
      ctx.body = body
    })
    const socket = await openRequest(await serve(app), ask('GET /events'))
    body.write('data: 1\n\n')
    await firstBytes(socket)
    expect(recorder.spans()).toEqual([])
    expect(recorder.open()).toHaveLength(1)
    body.end('data: 2\n\n')
    await once(socket, 'close')

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
  })

  it('runs listeners, timers and promises of a handler in the context of its request', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: (string | undefined)[] = []
    const look = () => void seen.push(trace.getActiveSpan()?.spanContext().spanId)
    const app = new Koa()
    app.use(tracing())
    app.use((_ctx, next) => storage.run('mine', next))
    app.use(async ctx => {
      ctx.req.on('end', look).resume()
      ctx.res.on('finish', look)
      await new Promise(resolve => setTimeout(resolve, 1))
      look()
      await new Promise<void>(resolve => setImmediate(() => resolve(look())))
      ctx.body = storage.getStore()
    })
    await request(await serve(app))
      .post('/')
      .send('hello')
      .expect(200, 'mine')

    const span = await recorder.waitFor('POST')
    expect(seen).toEqual(Array.from({ length: 4 }, () => span.spanContext().spanId))
  })
})
