import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { withSpan } from '@spanwright/core'

import request from 'supertest'

import { tracing } from '@spanwright/express'

import { serve } from '@spanwright/http-servers'
import { VERSIONS } from './versions.ts'
import { version } from '../package.json'

const recorder = recordTests()

const SERVER = { kind: SpanKind.SERVER }

describe.each(VERSIONS)('a request to $name', ({ load }) => {
  const express = load()

  it('has one server span with all attributes', async () => {
    const app = express().use(tracing())
    app.get('/users/:id', (_req, res) => void res.status(201).send('made'))
    await using server = await serve(app)
    const agent = request(server.origin)
    const { status } = await agent.get('/users/7?full=1&sig=abc&full=2').set('user-agent', 'probe/1')
    expect(status).toBe(201)

    const span = await recorder.waitFor(SERVER)
    expect(recorder.spans()).toHaveLength(1)
    expect(recorder.open()).toEqual([])
    expect(span).toMatchObject({
      name: 'GET /users/:id',
      status: { code: SpanStatusCode.UNSET },
      events: [],
      links: [],
      parentSpanContext: undefined,
      instrumentationScope: { name: '@spanwright/express', version },
    })
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 201,
      'http.route': '/users/:id',
      'url.path': '/users/7',
      'url.query': 'full=1&sig=REDACTED&full=2',
      'url.scheme': 'http',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'client.address': '127.0.0.1',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '1.1',
      'user_agent.original': 'probe/1',
    })
  })

  it('counts in the duration metric, with the same outcome', async () => {
    const app = express().use(tracing())
    app.get('/users/:id', (_req, res) => void res.send('ok'))
    await request(app).get('/users/7')
    await recorder.waitFor(SERVER)

    const [metric, ...others] = await recorder.metrics()
    expect(others).toEqual([])
    expect(metric?.descriptor).toMatchObject({
      name: 'http.server.request.duration',
      unit: 's',
      advice: {
        explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
      },
    })
    expect(metric?.dataPoints.map(({ attributes }) => attributes)).toEqual([
      {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'http.route': '/users/:id',
        'url.scheme': 'http',
        'network.protocol.version': '1.1',
      },
    ])
  })

  it('belongs to the trace of its caller, and so does what its handlers do', async () => {
    const app = express().use(tracing())
    app.use((_req, _res, next) => withSpan('middleware', () => next()))
    app.get(
      '/x',
      (_req, _res, next) => void setImmediate(next),
      async (_req, res) => {
        await Promise.resolve()
        withSpan('handler', () => res.send('ok'))
      },
    )
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await request(app).get('/x').set('traceparent', traceparent).set('tracestate', 'v=1')

    const span = await recorder.waitFor(SERVER)
    expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true })
    expect(span.spanContext().traceState?.serialize()).toBe('v=1')
    const [tree] = recorder.tree()
    expect(tree?.span.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c')
    expect(recorder.tree()).toHaveLength(1)
    expect(recorder.spans().map(({ name }) => name)).toEqual(['middleware', 'handler', 'GET /x'])
  })

  it('is one span when tracing is registered twice, in a mounted app too', async () => {
    const inner = express().use(tracing())
    inner.get('/x', (_req, res) => void res.send('ok'))
    const app = express().use(tracing()).use(tracing()).use('/inner', inner)
    await request(app).get('/inner/x').expect(200)

    await recorder.waitFor(SERVER)
    expect(recorder.spans().map(({ name }) => name)).toEqual(['GET /inner/x'])
  })

  it('that is ignored has no span and no metric, and none beneath', async () => {
    const asked: unknown[] = []
    const app = express().use(
      tracing({
        ignore(operation) {
          asked.push(operation.method, operation.url, operation.headers.host !== undefined)
          return operation.url.startsWith('/health')
        },
      }),
    )
    app.get('/health', async (_req, res) => {
      await Promise.resolve()
      withSpan('beneath', () => res.send('ok'))
    })
    await request(app).get('/health?x').expect(200, 'ok')

    expect(asked).toEqual(['GET', '/health?x', true])
    expect(recorder.spans()).toEqual([])
    expect(recorder.open()).toEqual([])
    expect(await recorder.metrics()).toEqual([])
  })

  it('passes the request to hooks', async () => {
    const seen: unknown[] = []
    const app = express().use(
      tracing({
        attributes: ({ request: req }) => ({ tenant: req.get('x-tenant') ?? '' }),
        onStart: (span, operation) => seen.push(['start', span.isRecording(), operation.method]),
        onEnd: (_span, _operation, outcome) => seen.push(['end', outcome]),
        metrics: {
          attributes: ({ request: req }, { statusCode }) => ({ kind: `${req.method}${statusCode}` }),
        },
      }),
    )
    app.get('/x', (_req, res) => void res.send('ok'))
    await request(app).get('/x').set('x-tenant', 'blue')

    const span = await recorder.waitFor(SERVER)
    expect(span.attributes).toMatchObject({ tenant: 'blue' })
    expect(seen).toEqual([
      ['start', true, 'GET'],
      ['end', { statusCode: 200, durationMs: expect.any(Number) }],
    ])
    const [metric] = await recorder.metrics()
    expect(metric?.dataPoints[0]?.attributes).toMatchObject({ kind: 'GET200' })
  })
})

describe('tracing()', () => {
  it.each([
    [{ semcov: 'x' }, "tracing(): unknown option 'semcov' (given 'x'); did you mean semconv?"],
    [{ ignore: '/health' }, "tracing(): option ignore must be a function; got '/health'"],
    [
      { captureHeaders: ['x'] },
      /option captureHeaders must be an object with request, response, unmasked; got/,
    ],
    ['yes', "tracing(): options must be an object, got 'yes'"],
  ])('refuses %j', (options, message) => {
    expect(() => tracing(options as never)).toThrow(TypeError)
    expect(() => tracing(options as never)).toThrow(message)
  })
})
