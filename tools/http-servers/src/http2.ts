import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
  createSecureServer,
  createServer,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as connectOverTls } from 'node:tls'

import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { requestsInFlight } from '@spanwright/core'

import { makeIdentity } from './certificate.ts'
import { defer } from './deferred.ts'
import type { PlainHandler, TracedFramework } from './framework.ts'
import { type ExpectedSpan, expectSpans } from './span.ts'

const CALLER = 'b7ad6b7169203331'
const TRACEPARENT = `00-0af7651916cd43dd8448eb211c80319c-${CALLER}-01`

/** A server of `node:http2` and a session with it, both closed when they are disposed of. */
interface Connected extends AsyncDisposable {
  readonly session: ClientHttp2Session
  readonly socket: Socket
  ask(headers?: OutgoingHttpHeaders, body?: string): ClientHttp2Stream
}

interface Http2Answer {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function connectTo(listener: RequestListener, isSecure: boolean): Promise<Connected> {
  const { key, cert } = makeIdentity()
  const server = isSecure
    ? createSecureServer({ key, cert }, listener as never)
    : createServer(listener as never)
  server.on('checkContinue', listener as never)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = isSecure
    ? connectOverTls({ port, host: '127.0.0.1', ca: cert, ALPNProtocols: ['h2'] })
    : connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  const session = connectHttp2(`${isSecure ? 'https' : 'http'}://localhost:${port}`, {
    createConnection: () => socket,
  })
  session.on('error', () => undefined)
  return {
    session,
    socket,
    ask(headers, body) {
      const sent = { ':path': '/items/7', ':authority': 'shop.test', ...headers }
      const stream = session.request(sent, { endStream: body === undefined && !headers?.['expect'] })
      stream.on('error', () => undefined)
      if (body !== undefined) stream.end(body)
      return stream
    },
    async [Symbol.asyncDispose]() {
      session.destroy()
      socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function answerTo(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders]
  let body = ''
  for await (const chunk of stream) body += String(chunk)
  return { headers, body }
}

/** Requests of the compatibility API of `node:http2` are traced as any others. */
export function testHttp2(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()
  const cases = frameworks.flatMap(framework =>
    ['h2c', 'h2'].map(protocol => ({ ...framework, protocol, isSecure: protocol === 'h2' })),
  )

  describe.each(cases)('a request to $name over $protocol', ({ serving, isSecure }) => {
    const spanOf = (statusCode: number | undefined, more: Partial<ExpectedSpan> = {}): ExpectedSpan => ({
      name: 'GET /items/:id',
      ...more,
      attributes: {
        'url.scheme': isSecure ? 'https' : 'http',
        'network.protocol.version': '2',
        'http.response.status_code': statusCode,
        ...more.attributes,
      },
    })
    const open = (handler: PlainHandler, options?: object): Promise<Connected> =>
      connectTo(serving(handler, options), isSecure)

    it('is one span in the trace of its caller', async () => {
      await using client = await open((_req, res) => void res.end(`open: ${requestsInFlight().length}`))
      const { headers, body } = await answerTo(client.ask({ traceparent: TRACEPARENT }))

      expect([headers[':status'], body]).toEqual([200, 'open: 1'])
      await expectSpans(recorder, spanOf(200, { parent: CALLER }))
      expect(requestsInFlight()).toEqual([])
    })

    it('is one of several on a session', async () => {
      const handlers: (() => void)[] = []
      const all = defer<void>()
      await using client = await open(({ url }, res) => {
        handlers.push(() => res.end(url))
        if (handlers.length === 3) all.resolve()
      })
      const answers = ['/items/1', '/items/2', '/items/3'].map(path =>
        answerTo(client.ask({ ':path': path })),
      )
      await all.promise
      expect(requestsInFlight()).toHaveLength(3)
      for (const handler of handlers) handler()

      expect((await Promise.all(answers)).map(({ body }) => body)).toEqual([
        '/items/1',
        '/items/2',
        '/items/3',
      ])
      await recorder.waitFor(() => recorder.spans().length === 3)
      const traces = new Set(recorder.spans().map(span => span.spanContext().traceId))
      expect(traces.size).toBe(3)
      expect(recorder.open()).toEqual([])
    })

    it.each([204, 404, 503])('has the status code %i', async status => {
      await using client = await open((_req, res) => res.writeHead(status).end())
      expect((await answerTo(client.ask())).headers[':status']).toBe(status)

      const failed = { failed: true, attributes: { 'error.type': '503' } } as const
      await expectSpans(recorder, spanOf(status, status === 503 ? failed : {}))
    })

    it('has its captured headers, exposes its trace, and is otherwise unchanged', async () => {
      await using client = await open((_req, res) => res.writeHead(200, { 'x-kind': 'item' }).end('ok'), {
        expose: 'traceresponse',
        captureHeaders: { request: ['x-id'], response: ['x-kind'] },
      })
      const { headers, body } = await answerTo(client.ask({ 'x-id': '7' }))

      expect(body).toBe('ok')
      const [span] = await expectSpans(
        recorder,
        spanOf(200, {
          attributes: { 'http.request.header.x-id': ['7'], 'http.response.header.x-kind': ['item'] },
        }),
      )
      expect(headers['traceresponse']).toContain(span?.spanContext().traceId)
      expect(headers['x-kind']).toBe('item')
    })

    it('has the sizes of its bodies among the metrics', async () => {
      await using client = await open(
        (req, res) => {
          req.resume().on('end', () => {
            res.write('an')
            res.end('swer')
          })
        },
        { metrics: { bodySizes: true } },
      )
      expect((await answerTo(client.ask({ ':method': 'POST' }, '12345'))).body).toBe('answer')
      await recorder.waitFor('POST /items/:id')

      const sizes = (await recorder.metrics()).filter(({ descriptor: { name } }) =>
        name.endsWith('body.size'),
      )
      expect(
        sizes.map(({ descriptor, dataPoints }) => [
          descriptor.name,
          dataPoints.map(({ value }) => (value as { sum: number }).sum),
        ]),
      ).toEqual([
        ['http.server.request.body.size', [5]],
        ['http.server.response.body.size', [6]],
      ])
    })

    it('that waits for 100 Continue is one span', async () => {
      await using client = await open((req, res) => {
        ;(res as unknown as Http2ServerResponse).writeContinue()
        req.resume().on('end', () => res.end('ok'))
      })
      const stream = client.ask({ ':method': 'POST', expect: '100-continue' })
      const answer = answerTo(stream)
      await once(stream, 'continue')
      stream.end('body')

      expect((await answer).body).toBe('ok')
      await expectSpans(
        recorder,
        spanOf(200, { name: 'POST /items/:id', attributes: { 'http.request.method': 'POST' } }),
      )
    })

    it.each<[string, (client: Connected, stream: ClientHttp2Stream) => void]>([
      ['cancels it', (_, stream) => stream.close(constants.NGHTTP2_CANCEL)],
      ['closes its connection', ({ socket }) => socket.destroy()],
      [
        'breaks its session off',
        ({ session }) => session.destroy(undefined, constants.NGHTTP2_INTERNAL_ERROR),
      ],
    ])('is cut short when the client %s', async (_, leave) => {
      await using client = await open((_req, res) => void res.write('half'))
      const stream = client.ask()
      await once(stream, 'data')
      leave(client, stream)

      await expectSpans(recorder, spanOf(200, { failed: true, attributes: { 'error.type': 'ECONNRESET' } }))
      expect(requestsInFlight()).toEqual([])
    })

    it('ends before its response when the client cancels it', async () => {
      const arrived = defer<void>()
      await using client = await open(() => arrived.resolve())
      const stream = client.ask()
      await arrived.promise
      stream.close(constants.NGHTTP2_CANCEL)

      const ending = { failed: true, attributes: { 'error.type': 'ECONNRESET' } } as const
      await expectSpans(recorder, spanOf(undefined, ending))
    })

    it('has the error with which its stream was destroyed', async () => {
      const error = Object.assign(new Error('disk'), { code: 'EIO' })
      await using client = await open((_req, res) => {
        res.write('half', () => (res as unknown as Http2ServerResponse).stream.destroy(error))
      })
      client.ask().resume()

      await expectSpans(
        recorder,
        spanOf(200, { failed: 'disk', attributes: { 'error.type': 'EIO' }, events: ['exception Error'] }),
      )
    })
  })
}
