import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { tracing } from '@spanwright/undici'
import { recordSpans } from '@spanwright/testing'
import type * as undici7 from 'undici'

import { startServer, type TestServer } from './server.ts'
import { onlySpan, traceparentOf } from './span-assertions.ts'
import { VERSIONS } from './ways.ts'
import { version } from '../package.json'

const recorder = recordTests()
let server: TestServer
beforeAll(async () => {
  server = await startServer((request, response) => {
    if (request.url === '/missing') response.statusCode = 404
    if (request.url === '/broken') response.statusCode = 503
    response.end('answer')
  })
})
afterEach(async () => {
  server.received.length = 0
})
afterAll(async () => {
  await server.stop()
})

describe.each(VERSIONS)('tracing() on a dispatcher of %s', (_, undici) => {
  let agent: undici7.Dispatcher
  beforeAll(() => {
    agent = new undici.Agent().compose(tracing())
  })
  afterAll(() => agent.close())

  it('makes one CLIENT span for a request that works', async () => {
    const response = await undici.request(`${server.origin}/items/7?full=1&sig=secret`, { dispatcher: agent })
    expect(await response.body.text()).toBe('answer')

    const span = onlySpan(recorder)
    expect(span).toMatchObject({
      name: 'GET',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      links: [],
      parentSpanContext: undefined,
      instrumentationScope: { name: '@spanwright/undici', version },
    })
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'network.peer.address': '127.0.0.1',
      'network.peer.port': server.port,
      'network.protocol.version': '1.1',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'url.full': `${server.origin}/items/7?full=1&sig=REDACTED`,
    })
    expect(span.events.map(event => event.name)).toEqual(['spanwright.response.headers'])
    expect(server.received).toMatchObject([
      { url: '/items/7?full=1&sig=secret', headers: { traceparent: traceparentOf(span) } },
    ])
  })

  it('puts the span under the active one, without touching the context of the caller', async () => {
    const tracer = trace.getTracer('test')
    const caller = tracer.startSpan('caller')
    await context.with(trace.setSpan(context.active(), caller), async () => {
      const response = await undici.request(server.origin, { dispatcher: agent })
      await response.body.dump()
      expect(trace.getActiveSpan()).toBe(caller)
    })
    caller.end()

    const [span] = recorder.spans()
    expect(span?.parentSpanContext?.spanId).toBe(caller.spanContext().spanId)
    expect(span?.spanContext().traceId).toBe(caller.spanContext().traceId)
  })

  it.each([
    ['/missing', 404],
    ['/broken', 503],
  ])('makes %s an error of its status', async (path, statusCode) => {
    const response = await undici.request(server.origin + path, { dispatcher: agent })
    await response.body.dump()

    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({
      'http.response.status_code': statusCode,
      'error.type': String(statusCode),
    })
    expect(span.events.map(event => event.name)).toEqual(['spanwright.response.headers'])
  })

  it('reports a refused connection as an error with its code, and passes the same error to the caller', async () => {
    const gone = await startServer()
    await gone.stop()
    const failure: unknown = await undici.request(gone.origin, { dispatcher: agent }).then(
      () => undefined,
      error => error as unknown,
    )

    expect(failure).toMatchObject({ code: 'ECONNREFUSED' })
    const span = onlySpan(recorder)
    expect(span.status).toMatchObject({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toEqual({
      'error.type': 'ECONNREFUSED',
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': gone.port,
      'url.full': `${gone.origin}/`,
    })
    expect(span.events.map(event => event.name)).toEqual(['exception'])
  })

  it.each(['Client', 'Pool', 'BalancedPool'] as const)('finds the origin of a %s', async name => {
    const dispatcher = new undici[name](server.origin).compose(tracing())
    for (const path of ['/first', '/second']) {
      const response = await dispatcher.request({ method: 'GET', path, query: { a: 'b c' } })
      await response.body.dump()
    }
    await dispatcher.close()

    expect(recorder.open()).toEqual([])
    expect(recorder.spans().map(span => span.attributes)).toMatchObject([
      {
        'url.full': `${server.origin}/first?a=b%20c`,
        'server.port': server.port,
        'network.peer.port': server.port,
      },
      {
        'url.full': `${server.origin}/second?a=b%20c`,
        'server.port': server.port,
        'network.peer.port': server.port,
      },
    ])
    expect(server.received.map(({ url, headers }) => [url, headers['traceparent']])).toEqual(
      recorder.spans().map((span, i) => [['/first?a=b%20c', '/second?a=b%20c'][i], traceparentOf(span)]),
    )
  })

  it('records which server of a BalancedPool a request went to', async () => {
    const other = await startServer()
    const dispatcher = new undici.BalancedPool([server.origin, other.origin]).compose(tracing())
    for (let i = 0; i < 4; i++) {
      await (await dispatcher.request({ method: 'GET', path: `/${i}` })).body.dump()
    }
    await dispatcher.close()
    await other.stop()

    const spans = recorder.spans()
    expect(spans).toHaveLength(4)
    expect(
      spans.map(({ attributes }) => [
        attributes['server.port'],
        attributes['url.full'],
        attributes['network.peer.port'],
      ]),
    ).toEqual(
      spans.map(({ attributes: { 'network.peer.port': port } }, i) => [
        port,
        `http://127.0.0.1:${String(port)}/${i}`,
        port,
      ]),
    )
    expect([server, other].map(({ received }) => received.length)).toEqual([2, 2])
    expect(
      (await recorder.metrics())[0]?.dataPoints.map(({ attributes }) => attributes['server.port']),
    ).toEqual(expect.arrayContaining([server.port, other.port]))
  })

  it('records the duration of requests', async () => {
    const other = recordSpans()
    const measured = new undici.Agent().compose(tracing({ meterProvider: other.meterProvider }))
    const response = await undici.request(`${server.origin}/missing`, { dispatcher: measured })
    await response.body.dump()
    await measured.close()

    expect(await other.metrics()).toMatchObject([
      {
        descriptor: { name: 'http.client.request.duration', unit: 's' },
        dataPoints: [
          {
            attributes: {
              'http.request.method': 'GET',
              'http.response.status_code': 404,
              'error.type': '404',
              'server.address': '127.0.0.1',
              'server.port': server.port,
              'network.protocol.version': '1.1',
            },
            value: { count: 1 },
          },
        ],
      },
    ])
    await other.stop()
  })
})
