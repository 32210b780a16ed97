import { context, INVALID_SPAN_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type RPCMetadata, RPCType, setRPCMetadata } from '@opentelemetry/core'
import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import type { Application, ErrorRequestHandler } from 'express'
import request from 'supertest'

import { type ExpressTracingOptions, tracing } from '@spanwright/express'

import { serve, type TestServer } from '@spanwright/http-servers'
import { NEWEST } from './versions.ts'

const recorder = recordTests()

/** What an HTTP instrumentation does around a server's listener: a span, its metadata, its end. */
async function serveInstrumented(
  app: Application,
  use: (span: Span, metadata: RPCMetadata) => void = () => undefined,
): Promise<TestServer> {
  const tracer = trace.getTracer('instrumentation-http')
  return serve((req, res) => {
    const attributes = { 'url.path': 'as it was', 'http.request.method': req.method ?? '' }
    const span = tracer.startSpan('GET', { kind: SpanKind.SERVER, attributes })
    const metadata: RPCMetadata = { type: RPCType.HTTP, span }
    use(span, metadata)
    res.on('close', () => {
      if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    })
    context.with(setRPCMetadata(trace.setSpan(context.active(), span), metadata), () => void app(req, res))
  })
}

describe.each(NEWEST)('with another HTTP instrumentation, $name', ({ load }) => {
  const express = load()
  const traced = (options?: ExpressTracingOptions): Application => {
    const app = express().set('env', 'test').use(tracing(options))
    app.get('/users/:id', (_req, res) => void res.send('ok'))
    app.get('/broken', () => {
      throw new RangeError('broken')
    })
    return app
  }

  it.each([
    [201, []],
    [503, ['_OTHER']],
  ])(
    'records a value that is not an error only when it fails the request: %s',
    async (status, exceptions) => {
      const app = express().set('env', 'test').use(tracing())
      app.get('/carts', (_req, _res, next) => next({ name: 'cart-42', message: 'full' }))
      app.use(((given, _req, res, _next) => void res.status(status).send(given)) as ErrorRequestHandler)
      await using server = await serveInstrumented(app)
      await request(server.origin).get('/carts').expect(status)

      const span = await recorder.waitFor({ kind: SpanKind.SERVER })
      expect(span.events.map(({ attributes }) => attributes?.['exception.type'])).toEqual(exceptions)
      expect(span.attributes['error.type']).toBe(exceptions[0])
    },
  )

  it('adds the route and missing attributes to its span, and starts no second one', async () => {
    let told: RPCMetadata | undefined
    await using server = await serveInstrumented(traced(), (_span, metadata) => (told = metadata))
    await request(server.origin).get('/users/7').set('user-agent', 'probe').expect(200)

    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(recorder.spans()).toHaveLength(1)
    expect(span.instrumentationScope.name).toBe('instrumentation-http')
    expect(span.name).toBe('GET /users/:id')
    expect(span.attributes).toMatchObject({
      'http.route': '/users/:id',
      'url.path': 'as it was',
      'user_agent.original': 'probe',
      'client.address': '127.0.0.1',
    })
    expect(told?.route).toBe('/users/:id')
    expect(await recorder.metrics()).toEqual([])
  })

  it('gives its span the errors that reach the framework', async () => {
    await using server = await serveInstrumented(traced())
    await request(server.origin).get('/broken').expect(500)

    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(recorder.spans()).toHaveLength(1)
    expect(span.attributes).toMatchObject({ 'http.route': '/broken', 'error.type': 'RangeError' })
    expect(span.events.map(({ name, attributes }) => [name, attributes?.['exception.type']])).toEqual([
      ['exception', 'RangeError'],
    ])
  })

  it('adds the attributes of a hook to its span, and suppresses the work beneath an ignored request', async () => {
    const app = traced({
      attributes: () => ({ tenant: 'blue' }),
      ignore: ({ url }) => url === '/ignored',
    })
    let inner: boolean | undefined
    app.get('/ignored', (_req, res) => {
      inner = trace.getTracer('t').startSpan('inner').isRecording()
      res.send('ok')
    })
    await using server = await serveInstrumented(app)
    await request(server.origin).get('/users/7')
    expect((await recorder.waitFor('GET /users/:id')).attributes).toMatchObject({ tenant: 'blue' })
    await recorder.reset()
    await request(server.origin).get('/ignored')

    expect((await recorder.waitFor({ kind: SpanKind.SERVER })).name).toBe('GET')
    expect(inner).toBe(false)
  })

  it('reports the route of an unsampled request to it', async () => {
    let told: RPCMetadata | undefined
    const app = traced()
    await using server = await serve((req, res) => {
      const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0 })
      told = { type: RPCType.HTTP, span }
      context.with(setRPCMetadata(trace.setSpan(context.active(), span), told), () => void app(req, res))
    })
    await request(server.origin).get('/users/7').expect(200)

    expect(told?.route).toBe('/users/:id')
    expect(recorder.spans()).toEqual([])
  })

  it('traces a request whose span has no ids: its instrumentation has no SDK, or wants a parent', async () => {
    const app = traced()
    await using server = await serve((req, res) => {
      const span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)
      const metadata: RPCMetadata = { type: RPCType.HTTP, span }
      context.with(setRPCMetadata(trace.setSpan(context.active(), span), metadata), () => void app(req, res))
    })
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
    await request(server.origin).get('/users/7').set('traceparent', traceparent).expect(200)

    const span = await recorder.waitFor('GET /users/:id')
    expect(span.instrumentationScope.name).toBe('@spanwright/express')
    expect([span.spanContext().traceId, span.parentSpanContext?.spanId]).toEqual([
      '1'.repeat(32),
      '2'.repeat(16),
    ])
    expect(recorder.spans()).toHaveLength(1)
  })
})
