import Router from '@koa/router'
import { describe, expect, it } from '@jest/globals'
import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import Koa from 'koa'
import request from 'supertest'

import { type KoaTracingOptions, type RequestInFlight, requestsInFlight, tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { openRequest, serve } from './service.ts'

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const SENT = { traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`, baggage: 'tenant=acme' }

/** An app whose handler returns what it finds in its context. */
function shop(options?: KoaTracingOptions): Koa {
  const app = new Koa()
  app.silent = true
  const router = new Router()
  router.get('/users/:id', ctx => {
    const { traceId, spanId } = trace.getActiveSpan()?.spanContext() ?? {}
    ctx.set('set-cookie', ['a=1', 'b=2'])
    ctx.body = {
      traceId,
      spanId,
      tenant: propagation.getActiveBaggage()?.getEntry('tenant')?.value,
    }
  })
  app.use(tracing(options)).use(router.routes())
  return app
}

async function get(options: KoaTracingOptions, headers: Record<string, string> = SENT) {
  const answer = await request(await serve(shop(options)))
    .get('/users/7')
    .set(headers)
    .expect(200)
  const span = await recorder.waitFor('GET /users/:id')
  const found = answer.body as { traceId?: string; spanId?: string; tenant?: string }
  expect(found).toMatchObject({ traceId: span.spanContext().traceId, spanId: span.spanContext().spanId })
  return { span, answer, found }
}

describe('the option parent', () => {
  it('continues the trace of the caller with its baggage by default', async () => {
    const { span, found } = await get({})
    expect(span.spanContext().traceId).toBe(TRACE_ID)
    expect(span.links).toEqual([])
    expect(found.tenant).toBe('acme')
  })

  it('starts a trace that is linked to that of the caller', async () => {
    const { span, found } = await get({ parent: 'link' })
    expect(span.spanContext().traceId).not.toBe(TRACE_ID)
    expect(span.parentSpanContext).toBeUndefined()
    expect(span.links).toMatchObject([{ context: { traceId: TRACE_ID, spanId: 'b7ad6b7169203331' } }])
    expect(found.tenant).toBeUndefined()
  })

  it('can be decided for each request by its context', async () => {
    const { span, found } = await get({
      parent: ctx => (ctx.get('authorization') ? 'trust' : 'ignore'),
    })
    expect(span.spanContext().traceId).not.toBe(TRACE_ID)
    expect(span.links).toEqual([])
    expect(found.tenant).toBeUndefined()
    await recorder.reset()

    const trusted = await get(
      { parent: ctx => (ctx.get('authorization') ? 'trust' : 'ignore') },
      { ...SENT, authorization: 'Bearer x' },
    )
    expect(trusted.span.spanContext().traceId).toBe(TRACE_ID)
  })
})

describe('the option expose', () => {
  it('reports the trace to the caller', async () => {
    const { span, answer } = await get({ expose: 'traceresponse' })
    const { traceId, spanId } = span.spanContext()
    expect(answer.headers['traceresponse']).toBe(`00-${traceId}-${spanId}-01`)
  })

  it('reports it on errors too, although Koa removes headers that were set before', async () => {
    const app = new Koa()
    app.silent = true
    app.use(tracing({ expose: 'server-timing' })).use(ctx => ctx.throw(500))
    const answer = await request(await serve(app))
      .get('/')
      .expect(500)

    const span = await recorder.waitFor('GET')
    const { traceId, spanId } = span.spanContext()
    expect(answer.headers['server-timing']).toBe(`trace;desc="00-${traceId}-${spanId}-01"`)
  })
})

describe('the option expose, when it names a header of the application,', () => {
  it.each(['content-length', 'Transfer-Encoding', 'set-cookie', 'connection', 'a b', ''])(
    'refuses %j',
    expose => {
      expect(() => tracing({ expose })).toThrow(
        /option expose must be .* the name of a response header of your own/,
      )
    },
  )
})

describe('the options of attributes', () => {
  it('shows the headers that are named, and hides secrets', async () => {
    const { span } = await get(
      {
        captureHeaders: { request: ['X-Id', 'Authorization'], response: ['set-cookie', 'content-type'] },
        sensitiveQueryKeys: ['key'],
      },
      { 'x-id': 'a, b', authorization: 'Bearer x' },
    )
    expect(span.attributes).toMatchObject({
      'http.request.header.x-id': ['a, b'],
      'http.request.header.authorization': ['REDACTED'],
      'http.response.header.set-cookie': ['REDACTED', 'REDACTED'],
      'http.response.header.content-type': ['application/json; charset=utf-8'],
    })
  })

  it('writes the old names when requested', async () => {
    const { span } = await get({ semconv: 'legacy' })
    expect(span.attributes).toMatchObject({
      'http.method': 'GET',
      'http.route': '/users/:id',
      'http.status_code': 200,
      'http.target': '/users/7',
    })
    expect(span.attributes).not.toHaveProperty('http.request.method')
  })
})

describe('the option metrics', () => {
  it('counts open requests and measures bodies when enabled', async () => {
    await get({
      metrics: {
        activeRequests: true,
        bodySizes: true,
        attributes: ({ request: ctx }, { statusCode }) => ({
          'shop.tenant': ctx.get('x-id'),
          'shop.ok': statusCode === 200,
        }),
      },
    })
    const metrics = await recorder.metrics()
    expect(metrics.map(({ descriptor }) => descriptor.name).toSorted()).toEqual([
      'http.server.active_requests',
      'http.server.request.body.size',
      'http.server.request.duration',
      'http.server.response.body.size',
    ])
    const duration = metrics.find(({ descriptor }) => descriptor.name === 'http.server.request.duration')
    expect(duration?.dataPoints[0]?.attributes).toMatchObject({
      'http.route': '/users/:id',
      'shop.ok': true,
      'shop.tenant': '',
    })
  })
})

describe('requests in flight', () => {
  it('are listed with their routes while they are open', async () => {
    let seen: RequestInFlight[] = []
    const app = new Koa()
    const router = new Router().get('/users/:id', ctx => {
      seen = requestsInFlight()
      ctx.body = 'ok'
    })
    app.use(tracing()).use(router.routes())
    await request(await serve(app))
      .get('/users/7?a=1')
      .expect(200)

    const span = await recorder.waitFor('GET /users/:id')
    expect(seen).toEqual([
      {
        method: 'GET',
        route: '/users/:id',
        path: '/users/7',
        ageMs: expect.any(Number),
        traceId: span.spanContext().traceId,
      },
    ])
    expect(requestsInFlight()).toEqual([])
  })

  it('are ended as unfinished on SIGTERM', async () => {
    let arrived: (() => void) | undefined
    const waiting = new Promise<void>(resolve => (arrived = resolve))
    const app = new Koa()
    app.use(tracing({ endOnShutdown: true })).use(() => {
      arrived?.()
      return new Promise<void>(() => undefined)
    })
    const socket = await openRequest(await serve(app), 'GET / HTTP/1.1\nHost: a\n\n')
    await waiting
    const stay = (): void => undefined
    process.on('SIGTERM', stay)
    process.emit('SIGTERM', 'SIGTERM')
    process.removeListener('SIGTERM', stay)

    const [span] = recorder.spans()
    expect(span).toMatchObject({ name: 'GET', status: { code: SpanStatusCode.ERROR } })
    expect(span?.attributes).toMatchObject({ 'error.type': 'unfinished' })
    expect(requestsInFlight()).toEqual([])
    socket.destroy()
  })
})

describe('a request that must not be traced', () => {
  it('has no span when tracing is suppressed, and the app runs as usual', async () => {
    const app = new Koa()
    app.use((_ctx, next) => context.with(suppressTracing(context.active()), next))
    app.use(tracing()).use(ctx => void (ctx.body = String(trace.getActiveSpan()?.isRecording())))
    await request(await serve(app))
      .get('/')
      .expect(200, 'undefined')
    expect(recorder.spans()).toEqual([])
    const names = (await recorder.metrics()).map(({ descriptor }) => descriptor.name)
    expect(names).not.toContain('http.server.request.duration')
  })

  it('has no span beneath an ignored request', async () => {
    const app = new Koa()
    app.use(tracing({ ignore: () => true }))
    app.use(ctx => {
      trace.getTracer('test').startSpan('beneath').end()
      ctx.body = 'ok'
    })
    await request(await serve(app))
      .get('/')
      .expect(200, 'ok')
    expect(recorder.spans()).toEqual([])
  })

  it('has no span without a trace to belong to when that is required', async () => {
    const app = shop({ requireParent: true })
    const server = await serve(app)
    await request(server).get('/users/7').expect(200)
    await request(server).get('/users/7').set(SENT).expect(200)

    const span = await recorder.waitFor('GET /users/:id')
    expect(recorder.spans()).toEqual([span])
    expect(span.spanContext().traceId).toBe(TRACE_ID)
  })
})
