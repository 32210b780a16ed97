import type { Server } from 'node:net'

import Router from '@koa/router'
import { describe, expect, it } from '@jest/globals'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Context } from 'koa'
import request from 'supertest'

import { type KoaTracingOptions, tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { portOf, send, serve } from './service.ts'
import { KOAS } from './versions.ts'
import { version } from '../package.json'

describe.each(KOAS)('a request to $name', ({ Koa }) => {
  function shop(options?: KoaTracingOptions): Promise<Server> {
    const app = new Koa()
    app.silent = true
    const router = new Router({ prefix: '/shop' })
    router.get('/users/:id', ctx => {
      ctx.body = { id: ctx.params['id'], traceId: trace.getActiveSpan()?.spanContext().traceId }
    })
    router.post('/fail', () => {
      throw new TypeError('out of luck')
    })
    router.post('/reject', async () => {
      await Promise.resolve()
      throw new RangeError('too late')
    })
    app.use(tracing(options))
    app.use(router.routes()).use(router.allowedMethods())
    return serve(app)
  }

  it('makes one server span with route, addresses and status', async () => {
    const server = await shop()
    await request(server).get('/shop/users/7?full=1').set('user-agent', 'test/1').expect(200)

    const span = await recorder.waitFor('GET /shop/users/:id')
    expect(recorder.spans()).toEqual([span])
    expect(span).toMatchObject({
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.UNSET },
      events: [],
      links: [],
      parentSpanContext: undefined,
      instrumentationScope: { name: '@spanwright/koa', version },
    })
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/shop/users/:id',
      'url.path': '/shop/users/7',
      'url.query': 'full=1',
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': portOf(server),
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '1.1',
      'user_agent.original': 'test/1',
    })
  })

  it("continues the caller's trace, and is active in the handler", async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const answer = await request(await shop())
      .get('/shop/users/7')
      .set('traceparent', `00-${traceId}-b7ad6b7169203331-01`)
      .expect(200)

    expect(answer.body).toEqual({ id: '7', traceId })
    const span = await recorder.waitFor('GET /shop/users/:id')
    expect(span.spanContext().traceId).toBe(traceId)
    expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true })
  })

  it.each([
    ['thrown', '/fail', 'TypeError', 'out of luck'],
    ['rejected', '/reject', 'RangeError', 'too late'],
  ])('shows what a handler has %s', async (_, path, type, message) => {
    await request(await shop())
      .post(`/shop${path}`)
      .expect(500)

    const span = await recorder.waitFor(`POST /shop${path}`)
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': type })
    expect(span.events).toMatchObject([
      {
        name: 'exception',
        attributes: {
          'exception.type': type,
          'exception.message': message,
          'exception.stacktrace': expect.stringContaining('request.test.ts'),
        },
      },
    ])
  })

  it('measures the duration with the same outcome', async () => {
    const server = await shop()
    await request(server).get('/shop/users/7').expect(200)
    await request(server).post('/shop/fail').expect(500)
    await recorder.waitFor('POST /shop/fail')

    const [duration, ...others] = await recorder.metrics()
    expect(others).toEqual([])
    expect(duration?.descriptor).toMatchObject({ name: 'http.server.request.duration', unit: 's' })
    const common = { 'url.scheme': 'http', 'network.protocol.version': '1.1' }
    expect(duration?.dataPoints.map(point => point.attributes)).toEqual([
      {
        ...common,
        'http.request.method': 'GET',
        'http.route': '/shop/users/:id',
        'http.response.status_code': 200,
      },
      {
        ...common,
        'http.request.method': 'POST',
        'http.route': '/shop/fail',
        'http.response.status_code': 500,
        'error.type': 'TypeError',
      },
    ])
  })

  it('has no route when no route matched', async () => {
    const server = await shop()
    await request(server).get('/shop/nothing/here').expect(404)
    await request(server).delete('/shop/users/7').expect(405)

    const [notFound, notAllowed] = [await recorder.waitFor('GET'), await recorder.waitFor('DELETE')]
    expect(notFound.attributes).toMatchObject({ 'http.response.status_code': 404 })
    expect(notAllowed.attributes).toMatchObject({ 'http.response.status_code': 405 })
    for (const span of [notFound, notAllowed]) {
      expect(span.attributes).not.toHaveProperty('http.route')
      expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    }
  })

  it('shows hooks the method, target and headers that came, and the context of Koa', async () => {
    const seen: unknown[] = []
    const server = await shop({
      attributes: ({ method, url, headers, request: ctx }) => {
        seen.push({ method, url, host: headers.host, path: (ctx satisfies Context).path })
        return { 'shop.tenant': 'acme' }
      },
      onEnd: (span, { request: ctx }, { statusCode }) => {
        seen.push({ params: (ctx as unknown as { params: unknown }).params, statusCode })
      },
    })
    await request(server).get('/shop/users/7?a=b').expect(200)

    const span = await recorder.waitFor('GET /shop/users/:id')
    expect(span.attributes).toMatchObject({ 'shop.tenant': 'acme' })
    expect(seen).toEqual([
      { method: 'GET', url: '/shop/users/7?a=b', host: `127.0.0.1:${portOf(server)}`, path: '/shop/users/7' },
      { params: { id: '7' }, statusCode: 200 },
    ])
  })

  it('records no span and no metric for an ignored request', async () => {
    const server = await shop({ ignore: ({ url }) => url.startsWith('/shop/users') })
    const answer = await request(server).get('/shop/users/7').expect(200)
    await request(server).get('/other').expect(404)

    await recorder.waitFor('GET')
    expect(answer.body).toEqual({ id: '7' })
    expect(recorder.spans()).toHaveLength(1)
    const [duration] = await recorder.metrics()
    expect(duration?.dataPoints).toHaveLength(1)
  })

  it('makes one span for each of several requests on one connection', async () => {
    const server = await shop()
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\nHost: shop.test\n${more}\n`
    const answer = await send(
      server,
      get('/shop/users/1') + get('/shop/users/2') + get('/none', 'Connection: close\n'),
    )

    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404'])
    await recorder.waitFor('GET')
    expect(recorder.spans().map(span => [span.name, span.attributes['url.path']])).toEqual([
      ['GET /shop/users/:id', '/shop/users/1'],
      ['GET /shop/users/:id', '/shop/users/2'],
      ['GET', '/none'],
    ])
  })

  it('makes one span when tracing is used twice', async () => {
    const app = new Koa()
    app.use(tracing()).use(tracing())
    app.use(ctx => void (ctx.body = 'ok'))
    await request(await serve(app))
      .get('/')
      .expect(200, 'ok')

    await recorder.waitFor('GET')
    expect(recorder.spans()).toHaveLength(1)
    expect(recorder.open()).toEqual([])
  })
})
