import { createServer } from 'node:http'

import Router from '@koa/router'
import { describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type RPCMetadata, RPCType, setRPCMetadata } from '@opentelemetry/core'
import type Koa from 'koa'
import request from 'supertest'

import { tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { listen } from './service.ts'
import { KOAS } from './versions.ts'

describe.each(KOAS)('with another HTTP instrumentation, $name', ({ Koa: AnyKoa }) => {
  /** The app as an HTTP instrumentation serves it: within its own span, which it ends. */
  async function serveInstrumented(app: Koa) {
    const handle = app.callback()
    const told: RPCMetadata[] = []
    const server = createServer((req, res) => {
      const span = trace.getTracer('instrumentation-http').startSpan('GET', { kind: SpanKind.SERVER })
      const metadata: RPCMetadata = { type: RPCType.HTTP, span }
      told.push(metadata)
      res.on('close', () => {
        if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      })
      void context.with(setRPCMetadata(trace.setSpan(context.active(), span), metadata), () =>
        handle(req, res),
      )
    })
    return { server: await listen(server), told }
  }

  function shop(): Koa {
    const app = new AnyKoa()
    app.silent = true
    const router = new Router({ prefix: '/shop' })
    router.get('/users/:id', ctx => void (ctx.body = trace.getActiveSpan()?.spanContext().spanId))
    router.get('/broken', () => Promise.reject(new RangeError('broken')))
    app.use(tracing({ layers: 'spans', ignoreLayers: ['broken'] })).use(router.routes())
    return app
  }

  it('gives a span that ends before the response its route and status, and writes nothing on it later', async () => {
    const { lines, stop } = collectDiag()
    const app = new AnyKoa()
    const router = new Router()
    router.get('/users/:id', ctx => void (ctx.body = 'ok'))
    app.use(async (_ctx, next) => {
      const span = trace.getTracer('framework').startSpan('GET /users/7', { kind: SpanKind.SERVER })
      await context.with(trace.setSpan(context.active(), span), next)
      span.end()
    })
    app.use(tracing()).use(router.routes())
    await request(await listen(createServer(app.callback())))
      .get('/users/7')
      .expect(200)
    stop()

    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(recorder.spans()).toEqual([span])
    expect(span.name).toBe('GET /users/:id')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toMatchObject({ 'http.route': '/users/:id', 'http.response.status_code': 200 })
    expect(lines).toEqual([])
  })

  it('adds the route and missing attributes to its span, and starts no second one', async () => {
    const { server, told } = await serveInstrumented(shop())
    await request(server).get('/shop/users/7').set('user-agent', 'test/1').expect(200)

    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(recorder.spans().filter(({ kind }) => kind === SpanKind.SERVER)).toEqual([span])
    expect(span).toMatchObject({
      name: 'GET /shop/users/:id',
      instrumentationScope: { name: 'instrumentation-http' },
      attributes: { 'http.route': '/shop/users/:id', 'user_agent.original': 'test/1' },
    })
    expect(told.map(({ route }) => route)).toEqual(['/shop/users/:id'])
    expect(recorder.find('handler /shop/users/:id')?.parentSpanContext?.spanId).toBe(
      span.spanContext().spanId,
    )
  })

  it('gives its span the errors that reach Koa', async () => {
    const { server } = await serveInstrumented(shop())
    await request(server).get('/shop/broken').expect(500)

    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(span.name).toBe('GET /shop/broken')
    expect(span.attributes).toMatchObject({ 'http.route': '/shop/broken', 'error.type': 'RangeError' })
    expect(span.events.map(({ name, attributes }) => [name, attributes?.['exception.type']])).toEqual([
      ['exception', 'RangeError'],
    ])
  })
})
