import { once } from 'node:events'
import { createServer, get, type IncomingMessage, request, type Server } from 'node:http'
import { createServer as createHttps, get as getOverTls } from 'node:https'
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createSecureServer,
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { Socket } from 'node:net'

import { serve as serveHono } from '@hono/node-server'
import { makeIdentity } from '@spanwright/http-servers/certificate'
import { requestOf } from '@spanwright/http-servers'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import fastify from 'fastify'
import { Hono } from 'hono'
import { routePath } from 'hono/route'

import { recordError, setRoute, traceListener, traceServer } from '@spanwright/http'

import { recorder } from './recorder.ts'

import { answer, bodyOf, ITEM, listen, open, portOf, send } from './service.ts'

describe('traceServer()', () => {
  it('returns the server, and gives each of its requests a span that is active in all listeners', async () => {
    const server = createServer(answer)
    const seen: unknown[] = []
    expect(traceServer(server)).toBe(server)
    server.prependListener('request', () => seen.push(trace.getActiveSpan()?.spanContext().spanId))
    const received = await send(await listen(server), requestOf('GET /items/7'))

    const span = await recorder.waitFor('GET /items/:id')
    expect(recorder.spans()).toEqual([span])
    expect(span.kind).toBe(SpanKind.SERVER)
    expect(span.instrumentationScope.name).toBe('@spanwright/http')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.events).toEqual([])
    expect(span.parentSpanContext).toBeUndefined()
    expect(span.attributes).toEqual(ITEM)
    expect(received).toContain(span.spanContext().spanId)
    expect(seen).toEqual([span.spanContext().spanId])
  })

  it('traces a request once when it is wrapped twice, and when its listener is traced too', async () => {
    const server = traceServer(traceServer(createServer(traceListener(answer))))
    await send(await listen(server), requestOf('GET /items/7'))

    const span = await recorder.waitFor('GET /items/:id')
    expect(recorder.spans()).toEqual([span])
    expect(recorder.open()).toEqual([])
  })

  it('shows where a request over TLS went', async () => {
    const { key, cert } = makeIdentity()
    const server = await listen(traceServer(createHttps({ key, cert }, answer)))
    const [res] = (await once(
      getOverTls({ port: portOf(server), host: 'localhost', ca: cert, path: '/items/7', agent: false }),
      'response',
    )) as [IncomingMessage]
    expect(res.statusCode).toBe(200)
    res.resume()

    const span = await recorder.waitFor('GET /items/:id')
    expect(span.attributes).toEqual({
      ...ITEM,
      'url.scheme': 'https',
      'server.address': 'localhost',
      'server.port': portOf(server),
    })
  })

  it.each(['h2c', 'h2'])('traces requests of the compatibility API over %s', async protocol => {
    const { key, cert } = makeIdentity()
    const listener = (req: Http2ServerRequest, res: Http2ServerResponse): void => {
      setRoute(req, '/items/:id')
      res.end('ok')
    }
    const isSecure = protocol === 'h2'
    const made = isSecure ? createSecureServer({ key, cert }, listener) : createHttp2(listener)
    const server = await listen(traceServer(made))
    const session: ClientHttp2Session = connectHttp2(
      `${isSecure ? 'https' : 'http'}://localhost:${portOf(server)}`,
      { ca: cert, family: 4 } as never,
    )
    const stream = session.request({ ':path': '/items/7', ':authority': 'shop.test:8443' })
    expect(await bodyOf(stream)).toBe('ok')
    session.close()

    const span = await recorder.waitFor('GET /items/:id')
    expect(recorder.spans()).toEqual([span])
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toEqual({
      ...ITEM,
      'url.scheme': isSecure ? 'https' : 'http',
      'server.port': 8443,
      'network.protocol.version': '2',
    })
  })

  it('traces Fastify, by its own patterns', async () => {
    const app = fastify()
    app.addHook('onRequest', async ({ raw, routeOptions: { url } }) => {
      if (url) setRoute(raw, url)
    })
    app.addHook('onError', async ({ raw }, _reply, error) => recordError(raw, error))
    app.get('/items/:id', async () => trace.getActiveSpan()?.spanContext().spanId)
    app.get('/broken', async () => {
      throw Object.assign(new RangeError('out of luck'), { code: 'ERANGE' })
    })
    traceServer(app.server)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const found = await send(app.server, requestOf('GET /items/7'))
    const broken = await send(app.server, requestOf('GET /broken'))
    const missed = await send(app.server, requestOf('GET /nothing'))
    await app.close()

    const span = await recorder.waitFor('GET /items/:id')
    expect(found).toContain(span.spanContext().spanId)
    expect(missed).toMatch(/ 404 /)
    expect(span.attributes).toEqual(ITEM)
    expect((await recorder.waitFor('GET')).attributes).not.toHaveProperty('http.route')
    expect(broken).toMatch(/ 500 /)
    const failed = await recorder.waitFor('GET /broken')
    expect(failed.status).toEqual({ code: SpanStatusCode.ERROR, message: 'out of luck' })
    expect(failed.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': 'ERANGE' })
    expect(failed.events.map(({ name }) => name)).toEqual(['exception'])
  })

  it('has no error to record where no request is traced', () => {
    expect(() => recordError(Object.create(null) as IncomingMessage, new Error('no'))).not.toThrow()
    expect(() => recordError(undefined as never, new Error('no'))).not.toThrow()
  })

  it('traces Hono, by its own patterns', async () => {
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      if (c.res.status !== 404) setRoute(routePath(c, -1))
    })
    app.get('/items/:id', c => c.text(trace.getActiveSpan()?.spanContext().spanId ?? ''))
    const server = traceServer(serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
    open.add(server)
    if (!server.listening) await once(server, 'listening')
    const received = await send(server, requestOf('GET /items/7'))

    const span = await recorder.waitFor('GET /items/:id')
    expect(received).toContain(span.spanContext().spanId)
    expect(span.attributes).toEqual(ITEM)
  })

  it.each(['checkContinue', 'checkExpectation'] as const)(
    'makes one span of a request with %s',
    async event => {
      const server = traceServer(createServer(answer))
      server.on(event, (req, res) => {
        if (event === 'checkContinue') res.writeContinue()
        server.emit('request', req, res)
      })
      const expectation = event === 'checkContinue' ? '100-continue' : 'wisdom'
      const received = await send(
        await listen(server),
        requestOf('POST /items/7', [`Expect: ${expectation}`, 'Content-Length: 2'], 'ab'),
      )

      const span = await recorder.waitFor('POST /items/:id')
      expect(received).toContain(span.spanContext().spanId)
      expect(recorder.spans()).toEqual([span])
      expect(recorder.open()).toEqual([])
    },
  )

  it('leaves timeouts to the server, and ends the span of the request', async () => {
    const server = traceServer(createServer(() => undefined))
    const timedOut = once(server, 'timeout')
    server.setTimeout(10)
    server.on('timeout', (socket: Socket) => socket.end('HTTP/1.1 408 Request Timeout\r\n\r\n'))
    expect(await send(await listen(server), requestOf('GET /items/7'))).toMatch(/^HTTP\/1\.1 408 /)
    await timedOut

    const span = await recorder.waitFor('GET')
    expect(recorder.spans()).toEqual([span])
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({ 'error.type': 'ECONNRESET' })
    expect(span.attributes).not.toHaveProperty('http.response.status_code')
  })

  it.each([
    ['is no HTTP', 'NONSENSE\r\n\r\n', 'HPE_INVALID_METHOD', {}],
    [
      'comes too late',
      'GET /items/7 HTTP/1.1\r\nHost: shop',
      'ERR_HTTP_REQUEST_TIMEOUT',
      { headersTimeout: 5, requestTimeout: 5, connectionsCheckingInterval: 5 },
    ],
  ])('leaves what %s to the listeners for clientError', async (_, bytes, code, options) => {
    const server = traceServer(createServer(options, answer))
    const codes: unknown[] = []
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      codes.push(error.code)
      socket.end('HTTP/1.1 418 No\r\n\r\n')
    })
    expect(await send(await listen(server), bytes)).toMatch(/^HTTP\/1\.1 418 No/)

    expect(codes[0]).toBe(code)
    expect([...recorder.spans(), ...recorder.open()]).toEqual([])
  })

  it('throws what a listener throws, and records it when the connection has closed', async () => {
    const error = Object.assign(new Error('out of luck'), { code: 'EIO' })
    const server = traceServer(
      createServer(() => {
        throw error
      }),
    )
    const thrown: unknown[] = []
    const { emit } = server
    server.emit = function (this: unknown, ...args: unknown[]): boolean {
      try {
        return Reflect.apply(emit, this, args) as boolean
      } catch (caught) {
        thrown.push(caught)
        ;(args[1] as IncomingMessage).socket.destroy()
        return true
      }
    } as never
    await send(await listen(server), requestOf('GET /items/7'))

    const span = await recorder.waitFor('GET')
    expect(thrown).toEqual([error])
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'out of luck' })
    expect(span.attributes).toMatchObject({ 'error.type': 'EIO' })
  })

  it.each<[string, unknown, object | undefined, RegExp]>([
    [
      'what is no server',
      7,
      undefined,
      /^traceServer\(\): expected a server, such as http\.createServer\(\) makes; got 7/,
    ],
    [
      'a listener',
      answer,
      undefined,
      /^traceServer\(\): expected a server.*A function is for traceListener\(\)$/,
    ],
    [
      'another trustProxy',
      createServer(),
      { trustProxy: 'yes' },
      /^traceServer\(\): option trustProxy must be true, false, the/,
    ],
    ['layers', createServer(), { layers: 'spans' }, /^traceServer\(\): unknown option 'layers'/],
  ])('refuses %s', (_, server, options, message) => {
    expect(() => traceServer(server as Server, options as never)).toThrow(TypeError)
    expect(() => traceServer(server as Server, options as never)).toThrow(message)
  })
})

describe('requests of a client to a traced server', () => {
  it('are in the trace of the caller', async () => {
    const server = await listen(traceServer(createServer(answer)))
    const caller = request({ port: portOf(server), host: '127.0.0.1', path: '/items/7', agent: false })
    caller.setHeader('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
    caller.end()
    await bodyOf(((await once(caller, 'response')) as [IncomingMessage])[0])
    await bodyOf(
      (
        (await once(get({ port: portOf(server), host: '127.0.0.1', agent: false }), 'response')) as [
          IncomingMessage,
        ]
      )[0],
    )

    await recorder.waitFor(() => recorder.spans().length === 2)
    expect(recorder.spans().map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual([
      'b7ad6b7169203331',
      undefined,
    ])
  })
})
