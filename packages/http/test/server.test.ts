import { once } from 'node:events'
import { createServer, get, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttps, get as getOverTls } from 'node:https'
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  createSecureServer,
  createServer as createHttp2,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { type AddressInfo, connect, type Server as NetServer } from 'node:net'

import { serve as serveHono } from '@hono/node-server'
import { makeIdentity } from '@spanwright/http-servers/certificate'
import { readAll, requestOf } from '@spanwright/http-servers'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'
import fastify from 'fastify'
import { Hono } from 'hono'
import { routePath } from 'hono/route'
import { WebSocket, WebSocketServer } from 'ws'

import { requestsInFlight, setRoute, traceListener, traceServer } from '@spanwright/http'

import { recorder } from './recorder.ts'

const open = new Set<NetServer>()

async function listen<S extends NetServer>(server: S): Promise<S> {
  open.add(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

afterEach(async () => {
  for (const server of open) {
    ;(server as Partial<Server>).closeAllConnections?.()
    server.close()
    await once(server, 'close')
  }
  open.clear()
})

function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port
}

async function send(server: NetServer, bytes: string): Promise<string> {
  const socket = connect(portOf(server), '127.0.0.1')
  socket.write(bytes, 'latin1')
  return readAll(socket)
}

async function bodyOf(response: AsyncIterable<unknown>): Promise<string> {
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return body
}

/** Answers with the id of the span that is active. */
function answer(_req: IncomingMessage, res: ServerResponse): void {
  setRoute('/items/:id')
  res.end(trace.getActiveSpan()?.spanContext().spanId)
}

const ITEM = {
  'http.request.method': 'GET',
  'http.response.status_code': 200,
  'http.route': '/items/:id',
  'url.path': '/items/7',
  'url.scheme': 'http',
  'server.address': 'shop.test',
  'client.address': '127.0.0.1',
  'network.peer.address': '127.0.0.1',
  'network.peer.port': expect.any(Number),
  'network.protocol.version': '1.1',
}

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

  it('traces once what is wrapped twice, and what its listener traces too', async () => {
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
    app.get('/items/:id', async () => trace.getActiveSpan()?.spanContext().spanId)
    traceServer(app.server)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const found = await send(app.server, requestOf('GET /items/7'))
    const missed = await send(app.server, requestOf('GET /nothing'))
    await app.close()

    const span = await recorder.waitFor('GET /items/:id')
    expect(found).toContain(span.spanContext().spanId)
    expect(missed).toMatch(/ 404 /)
    expect(span.attributes).toEqual(ITEM)
    expect((await recorder.waitFor('GET')).attributes).not.toHaveProperty('http.route')
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

  it('ends the span of a WebSocket when the connection is handed over', async () => {
    const server = traceServer(createServer(answer))
    const sockets = new WebSocketServer({ server })
    let active: string | undefined
    sockets.on('connection', socket => {
      active = trace.getActiveSpan()?.spanContext().spanId
      socket.on('message', () => socket.close())
    })
    const client = new WebSocket(`ws://127.0.0.1:${portOf(await listen(server))}/chat`)
    await once(client, 'open')

    const span = await recorder.waitFor('GET')
    expect(client.readyState).toBe(WebSocket.OPEN)
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 101, 'url.path': '/chat' })
    expect(active).toBe(span.spanContext().spanId)
    expect(requestsInFlight()).toEqual([])
    client.send('bye')
    await once(client, 'close')
    expect(recorder.spans()).toEqual([span])
  })

  it.each(['a refusal', 'nothing'])('ends the span of an upgrade that is answered with %s', async with_ => {
    const server = traceServer(createServer(answer))
    server.on('upgrade', (_req, socket) => {
      if (with_ === 'nothing') socket.destroy()
      else socket.end('HTTP/1.1 503 No\r\nConnection: close\r\n\r\n')
    })
    await send(await listen(server), requestOf('GET /chat', ['Connection: Upgrade', 'Upgrade: chat']))

    const span = await recorder.waitFor('GET')
    const isAnswered = with_ !== 'nothing'
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes['http.response.status_code']).toBe(isAnswered ? 503 : undefined)
    expect(span.attributes['error.type']).toBe(isAnswered ? '503' : 'ECONNRESET')
    expect(recorder.open()).toEqual([])
    expect(requestsInFlight()).toEqual([])
  })

  it('ends the span of a tunnel when it is open', async () => {
    const server = traceServer(createServer(answer))
    server.on('connect', (_req, socket) => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.on('data', data => socket.end(data))
    })
    const socket = connect(portOf(await listen(server)), '127.0.0.1')
    socket.write('CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\n\r\n')
    expect(String((await once(socket, 'data'))[0])).toContain('established')

    const span = await recorder.waitFor('CONNECT')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toMatchObject({
      'http.request.method': 'CONNECT',
      'http.response.status_code': 200,
    })
    socket.write('through')
    expect(String((await once(socket, 'data'))[0])).toBe('through')
    socket.destroy()
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

  it('leaves errors of clients and timeouts to the server', async () => {
    const server = traceServer(createServer(answer))
    server.on('clientError', (_error, socket) => socket.end('HTTP/1.1 418 No\r\n\r\n'))
    expect(await send(await listen(server), 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 418 No/)

    expect([...recorder.spans(), ...recorder.open()]).toEqual([])
  })

  it('throws what a listener throws, and shows it when the connection is gone', async () => {
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

describe('traceListener()', () => {
  it('keeps name, length, this and result of a listener', async () => {
    const results: unknown[] = []
    const listener = async function shop(this: unknown, req: IncomingMessage, res: ServerResponse) {
      results.push(this)
      answer(req, res)
      return 'done'
    }
    const traced = traceListener(listener)
    expect([traced.name, traced.length]).toEqual(['shop', 2])
    expect(traceListener(traced)).toBe(traced)
    const server = createServer((req, res) => void results.push(traced.call(server, req, res)))
    await send(await listen(server), requestOf('GET /items/7'))
    await recorder.waitFor('GET /items/:id')

    expect(results[0]).toBe(server)
    await expect(results[1]).resolves.toBe('done')
  })

  it('refuses what is no function', () => {
    expect(() => traceListener(createServer() as never)).toThrow(
      /^traceListener\(\): expected a function of request and response; got an instance of Server$/,
    )
  })
})

describe('the option trustProxy', () => {
  const FORWARDED = [
    'X-Forwarded-For: 203.0.113.9, 10.0.0.2, 10.0.0.1',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Host: shop.example.com:444',
  ]

  it.each([
    [true, '203.0.113.9'],
    [1, '10.0.0.1'],
    [2, '10.0.0.2'],
    [9, '203.0.113.9'],
    [(address: string) => address === '127.0.0.1' || address.startsWith('10.'), '203.0.113.9'],
  ])('%p believes what proxies forwarded', async (trustProxy, client) => {
    const server = await listen(traceServer(createServer(answer), { trustProxy }))
    await send(server, requestOf('GET /items/7', FORWARDED))

    expect((await recorder.waitFor('GET /items/:id')).attributes).toEqual({
      ...ITEM,
      'client.address': client,
      'url.scheme': 'https',
      'server.address': 'shop.example.com',
      'server.port': 444,
    })
  })

  it.each([
    undefined,
    false,
    0,
    () => false,
    () => {
      throw new Error('no')
    },
  ])('%p believes none', async trustProxy => {
    const server = await listen(traceServer(createServer(answer), { trustProxy }))
    await send(server, requestOf('GET /items/7', FORWARDED))

    expect((await recorder.waitFor('GET /items/:id')).attributes).toEqual(ITEM)
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
