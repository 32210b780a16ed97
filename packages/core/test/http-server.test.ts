import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'

import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { listen as listening } from '@spanwright/test-kit'
import { recordSpans } from '@spanwright/testing'

import {
  type Exchange,
  type HttpFramework,
  HttpServer,
  type HttpServerOptions,
} from '@spanwright/core/plugin'
import { withSpan } from '@spanwright/core'

const recorder = recordSpans({ global: true })
const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await recorder.reset()
})
afterAll(() => recorder.stop())

/** A framework with one route and no proxies. */
const BARE: HttpFramework<IncomingMessage> = {
  url: req => req.url ?? '',
  origin: (_req, { headers, socket }) => ({
    scheme: 'http',
    host: headers.host,
    clientAddress: socket?.remoteAddress,
  }),
  route: req => (req.url?.startsWith('/items/') ? '/items/:id' : undefined),
}

type Handler = (req: IncomingMessage, res: ServerResponse, exchange: Exchange) => void

/** Listens with a handler that runs within the exchange of its request. */
async function listen(handler: Handler, options?: HttpServerOptions<IncomingMessage>): Promise<number> {
  const tracing = new HttpServer({ name: 'bare', version: '1.0.0' }, BARE, options)
  const server = createServer((req, res) => {
    const exchange = tracing.begin(req, res, req)
    exchange.run(() => handler(req, res, exchange))
  })
  servers.push(server)
  return listening(server)
}

describe('a request to a server on node:http', () => {
  it('is one span, from the middleware to the close of the response', async () => {
    const port = await listen((_req, res) => res.end('ok'))

    await fetch(`http://127.0.0.1:${port}/items/7?a=b`, { headers: { 'user-agent': 'test/1' } })

    const span = await recorder.waitFor({ kind: 'SERVER' })
    expect(recorder.spans()).toHaveLength(1)
    expect(span).toMatchObject({
      name: 'GET /items/:id',
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.UNSET },
      events: [],
      links: [],
      parentSpanContext: undefined,
      instrumentationScope: { name: 'bare', version: '1.0.0' },
    })
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'url.scheme': 'http',
      'url.path': '/items/7',
      'url.query': 'a=b',
      'http.route': '/items/:id',
      'http.response.status_code': 200,
      'client.address': '127.0.0.1',
      'server.address': '127.0.0.1',
      'server.port': port,
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '1.1',
      'user_agent.original': 'test/1',
    })
    const [metric] = await recorder.metrics()
    expect(metric?.descriptor.name).toBe('http.server.request.duration')
    expect(metric?.dataPoints.map(({ attributes }) => attributes)).toEqual([
      {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'http.route': '/items/:id',
        'http.response.status_code': 200,
        'network.protocol.version': '1.1',
      },
    ])
  })

  it('continues the incoming trace, and is active while the request is handled', async () => {
    let active: string | undefined
    const port = await listen((_req, res) => {
      active = trace.getActiveSpan()?.spanContext().spanId
      res.end()
    })
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

    await fetch(`http://127.0.0.1:${port}/`, { headers: { traceparent } })

    const span = await recorder.waitFor('GET')
    expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true })
    expect(span.spanContext()).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: active })
  })

  it("is an error named after the thrown one when it leads to a 5xx, and isn't an error on a 4xx", async () => {
    const port = await listen((req, res, exchange) => {
      exchange.recordError(new RangeError('out of stock'))
      res.writeHead(req.url === '/handled' ? 409 : 500).end()
    })

    await fetch(`http://127.0.0.1:${port}/failed`)
    await fetch(`http://127.0.0.1:${port}/handled`)

    await recorder.waitFor({ attributes: { 'url.path': '/handled' } })
    const [failed, handled] = recorder.spans()
    expect(failed?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'out of stock' })
    expect(failed?.attributes).toMatchObject({ 'error.type': 'RangeError', 'http.response.status_code': 500 })
    expect(handled?.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(handled?.attributes).toMatchObject({ 'http.response.status_code': 409 })
    expect(handled?.attributes).not.toHaveProperty(['error.type'])
    expect(recorder.spans().map(span => span.events.map(({ name }) => name))).toEqual([
      ['exception'],
      ['exception'],
    ])
  })

  it('is an error without a status when the client disconnects before the response', async () => {
    const port = await listen(() => client.destroy())
    const client = connect(port, '127.0.0.1')
    client.write('GET /items/7 HTTP/1.1\r\nHost: shop.test\r\n\r\n')

    const span = await recorder.waitFor({ kind: 'SERVER' })
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({ 'error.type': 'ECONNRESET', 'server.address': 'shop.test' })
    expect(span.attributes).not.toHaveProperty(['http.response.status_code'])
    expect(span.ended).toBe(true)
    expect(recorder.open()).toEqual([])
  })

  it('has one span when it is begun twice', async () => {
    const second = new HttpServer({ name: 'second', version: '1.0.0' }, BARE)
    const port = await listen((req, res) => second.begin(req, res, req).run(() => res.end()))

    await fetch(`http://127.0.0.1:${port}/`)

    await recorder.waitFor('GET')
    expect(recorder.spans().map(span => span.instrumentationScope.name)).toEqual(['bare'])
    expect(recorder.open()).toEqual([])
  })

  it('has one span when it is begun again after its client has disconnected', async () => {
    const second = new HttpServer({ name: 'second', version: '1.0.0' }, BARE)
    let beginAgain = (_req: IncomingMessage, _res: ServerResponse): void => {}
    const closed = new Promise<void>(resolve => {
      beginAgain = (req, res) => {
        res.once('close', () => setImmediate(() => second.begin(req, res, req).run(resolve)))
        client.destroy()
      }
    })
    const port = await listen((req, res) => beginAgain(req, res))
    const client = connect(port, '127.0.0.1')
    client.write('GET /items/7 HTTP/1.1\r\nHost: shop.test\r\n\r\n')

    await closed

    expect(recorder.spans().map(span => span.instrumentationScope.name)).toEqual(['bare'])
    expect(recorder.open()).toEqual([])
  })

  it('has no span when it is ignored, and neither has the work beneath', async () => {
    const port = await listen((_req, res) => withSpan('beneath', () => res.end()), {
      ignore: ({ url }) => url === '/health',
    })

    await fetch(`http://127.0.0.1:${port}/health`)

    expect([recorder.spans(), recorder.open(), await recorder.metrics()]).toEqual([[], [], []])
  })

  it('refuses options it does not know', () => {
    expect(
      () => new HttpServer({ name: 'bare', version: '1.0.0' }, BARE, { semcov: 'both' } as object),
    ).toThrow(new TypeError("tracing(): unknown option 'semcov' (given 'both'); did you mean semconv?"))
  })
})
