import { once } from 'node:events'
import { constants, createServer as createHttp2Server } from 'node:http2'
import { createServer } from 'node:http'
import { rm, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { listen } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { traceFetch, tracing } from '@spanwright/undici'

import { BOTH, openTunnels } from './proxy.ts'
import { startServer, type TestServer } from './server.ts'
import { onlySpan, spansEnded, traceparentOf } from './span-assertions.ts'
import { VERSIONS } from './ways.ts'

const recorder = recordTests()
let server: TestServer
beforeAll(async () => {
  server = await startServer((request, response) => {
    request.resume()
    request.on('end', () => response.end('answer'))
  })
  server.server.on('upgrade', (request, socket) => {
    server.received.push({
      method: 'GET',
      url: request.url ?? '',
      headers: request.headers,
      rawHeaders: request.rawHeaders,
    })
    socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n')
  })
  openTunnels(server)
})
afterEach(async () => {
  server.received.length = 0
})
afterAll(async () => {
  await server.stop()
})

/** Not in the types of every version. */
const H2C: object = { allowH2: true, useH2c: true }

async function inTrace<T>(work: () => Promise<T>): Promise<[Span, T]> {
  const caller = trace.getTracer('test').startSpan('caller')
  const result = await context.with(trace.setSpan(context.active(), caller), work)
  caller.end()
  return [caller, result]
}

/** A handler in the form of undici 7 and 8. */
function newForm(resolve: () => void, reject: (error: unknown) => void): object {
  return {
    onRequestStart: () => undefined,
    onResponseStart: () => undefined,
    onResponseData: () => undefined,
    onResponseEnd: () => resolve(),
    onResponseError: (_controller: unknown, error: unknown) => reject(error),
  }
}

describe.each(VERSIONS)('with %s', (version, undici) => {
  const REQUEST = {
    name: 'GET',
    attributes: {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
    },
  }

  it('stream() has one span', async () => {
    const dispatcher = new undici.Agent().compose(tracing())
    const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
    await undici.stream(`${server.origin}/stream`, { method: 'GET', dispatcher }, () => sink)
    await dispatcher.close()
    expect(onlySpan(recorder)).toMatchObject(REQUEST)
  })

  it('pipeline() has one span', async () => {
    const dispatcher = new undici.Agent().compose(tracing())
    const pipeline = undici.pipeline(
      `${server.origin}/pipeline`,
      { method: 'POST', dispatcher },
      ({ body }) => body.pipe(new PassThrough()),
    )
    pipeline.end('sent')
    pipeline.resume()
    await once(pipeline, 'end')
    await dispatcher.close()
    expect(onlySpan(recorder)).toMatchObject({
      name: 'POST',
      attributes: { 'http.response.status_code': 200 },
    })
  })

  it.each(BOTH)('dispatch() with a custom handler has one span, by %s', async (__, make) => {
    const [dispatcher, stop] = make(new undici.Agent())
    const [caller] = await inTrace(
      () =>
        new Promise<void>((resolve, reject) => {
          // Each version calls the form it knows.
          const handler = {
            onConnect: () => undefined,
            onHeaders: () => true,
            onData: () => true,
            onComplete: () => resolve(),
            onError: reject,
            ...(version === 'undici 6' ? {} : newForm(resolve, reject)),
          }
          const options = { origin: server.origin, path: '/own', method: 'GET' as const }
          dispatcher.dispatch(options, handler)
        }),
    )
    await dispatcher.close()
    stop()
    const [span] = recorder.spans().filter(({ name }) => name === 'GET')
    expect(recorder.spans()).toHaveLength(2)
    expect(recorder.open()).toEqual([])
    expect(span).toMatchObject({
      ...REQUEST,
      status: { code: SpanStatusCode.UNSET },
      parentSpanContext: { spanId: caller.spanContext().spanId },
    })
    expect(server.received.map(({ headers }) => headers['traceparent'])).toEqual([
      span && traceparentOf(span),
    ])
  })

  it('a handler passed to dispatch() again starts a separate call', async () => {
    const dispatcher = new undici.Agent().compose(tracing())
    let ended: (() => void) | undefined
    let failed: ((error: unknown) => void) | undefined
    const handler = {
      onConnect: () => undefined,
      onHeaders: () => true,
      onData: () => true,
      onComplete: () => ended?.(),
      onError: (error: unknown) => failed?.(error),
      ...(version === 'undici 6'
        ? {}
        : newForm(
            () => ended?.(),
            error => failed?.(error),
          )),
    }
    const send = (): Promise<void> =>
      new Promise((resolve, reject) => {
        ended = resolve
        failed = reject
        dispatcher.dispatch({ origin: server.origin, path: '/again', method: 'GET' }, handler)
      })
    const callers = [(await inTrace(send))[0], (await inTrace(send))[0]]
    await dispatcher.close()

    const spans = recorder.spans().filter(({ name }) => name === 'GET')
    expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      callers.map(caller => caller.spanContext().spanId),
    )
    expect(spans.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([
      undefined,
      undefined,
    ])
  })

  it('a request with a streamed body has one span', async () => {
    const dispatcher = new undici.Agent().compose(tracing())
    const body = new PassThrough()
    const response = undici.request(server.origin, { method: 'PUT', body, dispatcher })
    body.end('sent')
    await (await response).body.dump()
    await dispatcher.close()
    expect(onlySpan(recorder)).toMatchObject({
      name: 'PUT',
      attributes: { 'http.response.status_code': 200 },
    })
  })

  it.each(BOTH)('upgrade() has one span that ends with the switch, by %s', async (__, make) => {
    const [client, stop] = make(new undici.Client(server.origin))
    const { socket } = await client.upgrade({ path: '/chat', method: 'GET', protocol: 'chat' })
    socket.destroy()
    await client.close()
    stop()
    expect(onlySpan(recorder)).toMatchObject({
      name: 'GET',
      attributes: { 'http.response.status_code': 101, 'url.full': `${server.origin}/chat` },
    })
    expect(server.received[0]?.headers['traceparent']).toBeDefined()
  })

  it.each(BOTH)('connect() has no span and carries no context, by %s', async (__, make) => {
    const [client, stop] = make(new undici.Client(server.origin))
    const { socket } = await client.connect({ origin: server.origin, path: `127.0.0.1:${server.port}` })
    socket.destroy()
    await client.close()
    stop()
    expect(recorder.spans()).toEqual([])
    expect(server.received.map(({ headers }) => headers['traceparent'])).toEqual([undefined])
  })

  it.each(BOTH)(
    'a request through a ProxyAgent has one span that tells of its target, by %s',
    async (__, make) => {
      const target = await startServer()
      const [dispatcher, stop] = make(new undici.ProxyAgent({ uri: server.origin, proxyTunnel: true }))
      await (await undici.request(`${target.origin}/path`, { dispatcher })).body.dump()
      await dispatcher.close()
      stop()
      await target.stop()

      const span = onlySpan(recorder)
      expect(span).toMatchObject({
        name: 'GET',
        attributes: {
          'server.port': target.port,
          'url.full': `${target.origin}/path`,
          'network.peer.port': server.port,
        },
      })
      expect(target.received.map(({ headers }) => headers['traceparent'])).toEqual([traceparentOf(span)])
      expect(server.received.map(({ method, headers }) => [method, headers['traceparent']])).toEqual([
        ['CONNECT', undefined],
      ])
    },
  )

  it('a MockAgent makes one span that claims no connection', async () => {
    const mock = new undici.MockAgent()
    mock.disableNetConnect()
    mock.get('http://mock.test').intercept({ path: '/x' }).reply(418, 'short')
    const dispatcher = mock.compose(tracing())
    expect(await (await undici.request('http://mock.test/x', { dispatcher })).body.text()).toBe('short')
    const failed = undici.request('http://mock.test/unknown', { dispatcher })
    await expect(failed).rejects.toThrow('Mock dispatch not matched')
    await mock.close()

    expect(recorder.open()).toEqual([])
    expect(recorder.spans().map(({ attributes }) => attributes)).toEqual([
      {
        'error.type': '418',
        'http.request.method': 'GET',
        'http.response.status_code': 418,
        'server.address': 'mock.test',
        'server.port': 80,
        'url.full': 'http://mock.test/x',
      },
      {
        'error.type': 'UND_MOCK_ERR_MOCK_NOT_MATCHED',
        'http.request.method': 'GET',
        'server.address': 'mock.test',
        'server.port': 80,
        'url.full': 'http://mock.test/unknown',
      },
    ])
  })

  it('a MockAgent answers a traced fetch', async () => {
    const mock = new undici.MockAgent()
    mock.disableNetConnect()
    mock.get('http://mock.test').intercept({ path: '/x', method: 'POST', body: 'sent' }).reply(200, 'mocked')
    const fetch = traceFetch(undici.fetch)
    const response = await fetch('http://mock.test/x', { method: 'POST', body: 'sent', dispatcher: mock })
    expect(await response.text()).toBe('mocked')
    await mock.close()
    expect(onlySpan(recorder)).toMatchObject({
      name: 'POST',
      attributes: { 'http.response.status_code': 200 },
    })
  })

  it('a request over a unix socket has a span of the host in its URL', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'spanwright-'))
    const socketPath = join(folder, 'server.sock')
    const local = createServer((_request, response) => response.end('local')).listen(socketPath)
    await once(local, 'listening')
    const client = new undici.Client('http://docker.test', { socketPath }).compose(tracing())
    await (await client.request({ path: '/info', method: 'GET' })).body.dump()
    await client.close()
    local.close()
    await once(local, 'close')
    await rm(folder, { recursive: true })

    const { attributes } = onlySpan(recorder)
    expect(attributes).toMatchObject({
      'server.address': 'docker.test',
      'server.port': 80,
      'url.full': 'http://docker.test/info',
    })
    expect(attributes).not.toHaveProperty('network.peer.address')
  })

  it.each([
    ...BOTH.map(([by, make]) => [by, 'one connection', make, { connections: 1 }] as const),
    ...BOTH.map(([by, make]) => [by, 'as many connections as it takes', make, {}] as const),
  ])('many requests at once are each in their own trace, by %s over %s', async (by, __, make, options) => {
    const [dispatcher, stop] = make(new undici.Pool(server.origin, options))
    const send = (path: string): Promise<string> =>
      dispatcher.request({ origin: server.origin, method: 'GET', path }).then(async ({ body }) => body.text())
    const callers = await Promise.all(Array.from({ length: 25 }, (___, i) => inTrace(() => send(`/${i}`))))
    await dispatcher.close()
    stop()

    expect(recorder.open()).toEqual([])
    for (const [i, [caller]] of callers.entries()) {
      const children = recorder
        .spans()
        .filter(({ parentSpanContext }) => parentSpanContext?.spanId === caller.spanContext().spanId)
      expect([by, children.map(({ attributes }) => attributes['url.full'])]).toEqual([
        by,
        [`${server.origin}/${i}`],
      ])
    }
  })
})

interface Http2TestServer {
  readonly port: number
  readonly traceparents: unknown[]
  stop(): void
}

/** A server of HTTP/2 that answers, and breaks the answer to `/broken` off. */
async function startHttp2(): Promise<Http2TestServer> {
  const traceparents: unknown[] = []
  const h2 = createHttp2Server(({ url, headers }, response) => {
    traceparents.push(headers['traceparent'])
    if (url !== '/broken') {
      response.end('two')
      return
    }
    response.stream.on('error', () => undefined)
    response.write('half', () => response.stream.close(constants.NGHTTP2_INTERNAL_ERROR))
  })
  const sessions = new Set<{ destroy(): void }>()
  h2.on('session', session => sessions.add(session))
  function stop(): void {
    for (const session of sessions) session.destroy()
    h2.close()
  }
  return { port: await listen(h2), traceparents, stop }
}

describe.each(VERSIONS.filter(([name]) => name !== 'undici 6'))('HTTP/2 with %s', (_, undici) => {
  it.each(BOTH)('a stream that the server breaks off is an error, by %s', async (__, make) => {
    const h2 = await startHttp2()
    const [client, stop] = make(new undici.Client(`http://127.0.0.1:${h2.port}`, H2C))
    const read = async (): Promise<string> =>
      (await client.request({ method: 'GET', path: '/broken' })).body.text()
    await expect(read()).rejects.toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' })
    await spansEnded(recorder, 1)
    await client.destroy()
    stop()
    h2.stop()

    const span = onlySpan(recorder)
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    expect(span.attributes).toMatchObject({
      'error.type': 'ERR_HTTP2_STREAM_ERROR',
      'http.response.status_code': 200,
    })
    expect(span.events.map(event => event.name)).toEqual(['spanwright.response.headers', 'exception'])
  })

  it.each(BOTH)('is recorded as the protocol version, by %s', async (__, make) => {
    const h2 = await startHttp2()
    const { port, traceparents: seen } = h2
    const [client, stop] = make(new undici.Client(`http://127.0.0.1:${port}`, H2C))
    await (await client.request({ method: 'GET', path: '/' })).body.text()
    await spansEnded(recorder, 1)
    await client.destroy()
    stop()
    h2.stop()

    const span = onlySpan(recorder)
    expect(span.attributes).toMatchObject({
      'http.response.status_code': 200,
      'network.peer.port': port,
      'network.protocol.version': '2',
    })
    expect(seen).toEqual([traceparentOf(span)])
  })
})
