import { once } from 'node:events'
import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import { describe, expect, it } from '@jest/globals'
import { requestsInFlight } from '@spanwright/core'
import { WebSocket, WebSocketServer } from 'ws'

import { invoke } from './adapter.ts'
import { defer } from './deferred.ts'
import type { PlainHandler, TracedFramework } from './framework.ts'
import { nextBytes, requestOf, serve, type TestServer } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { expectSpans } from './span.ts'

const GET = requestOf('GET /items/7', ['Connection: keep-alive'])
const UPGRADE = requestOf('GET /items/7', ['Connection: Upgrade', 'Upgrade: chat'])

/** More than the buffers of two ends of a connection hold. */
const LARGE = 32 * 1024 * 1024

const answered = (statusCode: number) => ({
  name: 'GET /items/:id',
  attributes: { 'http.response.status_code': statusCode },
})

const broken = (statusCode?: number) =>
  ({
    name: 'GET /items/:id',
    attributes: { 'http.response.status_code': statusCode, 'error.type': 'ECONNRESET' },
    failed: true,
  }) as const

/** Serves an app that is also given the requests that ask for another protocol, with a response on their connection. */
async function serveUpgrades(app: RequestListener): Promise<TestServer> {
  const server = await serve(app)
  server.server.on('upgrade', (req, socket) => {
    const res = new ServerResponse(req)
    res.assignSocket(socket as never)
    app(req, res)
  })
  return server
}

function accept(sockets: WebSocketServer, req: IncomingMessage): void {
  sockets.handleUpgrade(req, req.socket, Buffer.alloc(0), socket => {
    socket.on('message', data => socket.send(`got ${(data as Buffer).toString()}`))
  })
}

/** Reads a connection that no server reads any more, to close it when the client does. */
function closeWithClient({ socket }: IncomingMessage): void {
  socket.resume().on('end', () => socket.end())
}

/** Opens a WebSocket that is closed after the test. */
async function talk(port: number): Promise<AsyncDisposable & { readonly state: number }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/items/7`, { headers: { host: 'shop.test' } })
  await once(socket, 'open')
  socket.send('hello')
  expect(String((await once(socket, 'message'))[0])).toBe('got hello')
  return {
    get state() {
      return socket.readyState
    },
    async [Symbol.asyncDispose]() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

/** A span ends with its response, whatever object replaces the connection and whatever takes it over. */
export function testEndings(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)('the span of a request to $name without a connection', ({ serving }) => {
    it.each<[string, PlainHandler]>([
      ['at once', (_req, res) => res.end('ok')],
      ['later', (_req, res) => void setImmediate(() => res.end('ok'))],
      ['in parts', (_req, res) => (res.write('o'), res.end('k'))],
    ])('ends when its response is finished %s', async (_, handler) => {
      const { statusCode, body } = await invoke(serving(handler), '/items/7')

      expect(statusCode).toBe(200)
      expect(body).toContain('o')
      await expectSpans(recorder, {
        ...answered(200),
        attributes: { ...answered(200).attributes, 'network.peer.port': 40_000 },
      })
      expect(requestsInFlight()).toEqual([])
    })

    it('has the outcome of a response that failed', async () => {
      await invoke(
        serving((_req, res) => res.writeHead(503).end()),
        '/items/7',
      )

      await expectSpans(recorder, {
        name: 'GET /items/:id',
        attributes: { 'http.response.status_code': 503, 'error.type': '503' },
        failed: true,
      })
    })

    it('has a header of its trace, as any other', async () => {
      const { headers } = await invoke(
        serving((_req, res) => res.end('ok'), { expose: 'traceresponse' }),
        '/items/7',
      )

      const [span] = await expectSpans(recorder, answered(200))
      expect(headers['traceresponse']).toContain(span?.spanContext().traceId)
    })
  })

  describe.each(frameworks)(
    'the span of a request to $name whose client disconnects early',
    ({ serving }) => {
      it.each(['writeHead', 'setHeader'])(
        'is complete when all bytes of Content-Length were sent, given by %s',
        async how => {
          const written = defer<ServerResponse>()
          const app = serving((_req, res) => {
            if (how === 'writeHead') res.writeHead(200, { 'Content-Length': 5 })
            else res.setHeader('Content-Length', '5')
            res.write('he')
            res.write(Buffer.from('llo'), () => written.resolve(res))
          })
          await using server = await serve(app)
          const socket = server.connect(GET)
          let received = ''
          socket.on('data', (data: Buffer) => (received += data.toString('latin1')))
          while (!received.endsWith('hello')) await once(socket, 'data')
          socket.destroy()
          const res = await written.promise
          await once(res, 'close')
          res.end()

          await expectSpans(recorder, answered(200))
        },
      )

      it('is broken off when they were written and not sent', async () => {
        const app = serving((_req, res) => {
          res.setHeader('Content-Length', LARGE)
          res.write(Buffer.alloc(LARGE))
        })
        await using server = await serve(app)
        const socket = server.connect(GET)
        await nextBytes(socket)
        socket.destroy()

        await expectSpans(recorder, broken(200))
      })

      it('calls the callback of the last write as it would be', async () => {
        const calls: unknown[][] = []
        const app = serving((_req, res) => {
          res.setHeader('Content-Length', '2')
          res.write('a', (...args: unknown[]) => calls.push(args))
          res.write('Yg==', 'base64', (...args: unknown[]) => calls.push(args))
          res.end()
        })
        await using server = await serve(app)
        expect(await server.send(requestOf('GET /items/7'))).toMatch(/ab$/)

        await expectSpans(recorder, answered(200))
        expect(calls.map(([error]) => error ?? undefined)).toEqual([undefined, undefined])
      })
    },
  )

  describe.each(frameworks)('the span of a request to $name that opens a WebSocket', ({ serving }) => {
    it('ends when the connection is handed over by a handler', async () => {
      const sockets = new WebSocketServer({ noServer: true })
      await using server = await serveUpgrades(serving(req => accept(sockets, req)))
      await using open = await talk(server.port)

      await expectSpans(recorder, answered(101))
      expect(open.state).toBe(WebSocket.OPEN)
      expect(requestsInFlight()).toEqual([])
    })

    it('ends when the connection is handed over later', async () => {
      const sockets = new WebSocketServer({ noServer: true })
      await using server = await serveUpgrades(serving(req => void setImmediate(() => accept(sockets, req))))
      await using open = await talk(server.port)

      await expectSpans(recorder, answered(101))
      expect(open.state).toBe(WebSocket.OPEN)
    })

    it('ends immediately when the connection was handed over before', async () => {
      const app = serving(() => undefined)
      const sockets = new WebSocketServer({ noServer: true })
      await using server = await serve(app)
      server.server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
        sockets.handleUpgrade(req, socket, head, open => {
          open.on('message', data => open.send(`got ${(data as Buffer).toString()}`))
          app(req, new ServerResponse(req))
        })
      })
      await using open = await talk(server.port)

      await expectSpans(recorder, answered(101))
      expect(open.state).toBe(WebSocket.OPEN)
    })

    it.each([403, 503])('has the status code %i with which it is refused past the response', async status => {
      await using server = await serveUpgrades(
        serving(({ socket }) => void socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`)),
      )
      expect(await server.send(UPGRADE)).toMatch(new RegExp(`^HTTP/1.1 ${status} No`))

      await expectSpans(recorder, {
        name: 'GET /items/:id',
        attributes: {
          'http.response.status_code': status,
          ...(status === 503 && { 'error.type': '503' }),
        },
        ...(status === 503 && { failed: true }),
      })
    })

    it('has the status code of the response that refuses it', async () => {
      const app = serving((req, res) => {
        closeWithClient(req)
        res.writeHead(401).end('no')
      })
      await using server = await serveUpgrades(app)
      const socket = server.connect(UPGRADE)
      expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 401 /)

      await expectSpans(recorder, answered(401))
      socket.destroy()
    })

    it('is an error when the client disconnects before', async () => {
      const arrived = defer<void>()
      const app = serving(req => {
        closeWithClient(req)
        arrived.resolve()
      })
      await using server = await serveUpgrades(app)
      const socket = server.connect(UPGRADE)
      await arrived.promise
      socket.destroy()

      await expectSpans(recorder, broken())
    })

    it('ends with the head of a response that says so', async () => {
      const app = serving((_req, res) => {
        res.writeHead(101, { connection: 'Upgrade', upgrade: 'chat' })
        res.flushHeaders()
      })
      await using server = await serve(app)
      const socket = server.connect(UPGRADE)
      expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 101 /)

      await expectSpans(recorder, answered(101))
      socket.destroy()
    })
  })

  describe.each(frameworks)(
    'the span of a request to $name whose handler takes its connection',
    ({ serving }) => {
      function taking(then: (socket: Duplex, res: ServerResponse) => void): RequestListener {
        return serving((_req, res) => {
          const { socket } = res
          if (!socket) throw new Error('expected a connection')
          res.detachSocket(socket)
          then(socket, res)
        })
      }

      it.each([202, 500])('has the status code %i that is then written, and ends there', async status => {
        await using server = await serve(
          taking(socket => void setImmediate(() => socket.write(`HTTP/1.1 ${status} Taken\r\n\r\n`))),
        )
        const socket = server.connect(GET)
        expect(await nextBytes(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} Taken`))

        await expectSpans(recorder, {
          name: 'GET /items/:id',
          attributes: {
            'http.response.status_code': status,
            ...(status === 500 && { 'error.type': '500' }),
          },
          ...(status === 500 && { failed: true }),
        })
        expect(requestsInFlight()).toEqual([])
        socket.destroy()
      })

      it('has the status code of the head that was sent before', async () => {
        const app = serving((_req, res) => {
          const { socket } = res
          res.writeHead(201)
          res.flushHeaders()
          if (socket) res.detachSocket(socket)
        })
        await using server = await serve(app)
        const socket = server.connect(GET)
        expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 201 /)

        await expectSpans(recorder, answered(201))
        socket.destroy()
      })

      it('is broken off when the connection closes before anything is written', async () => {
        await using server = await serve(taking(socket => socket.destroy()))
        const socket = server.connect(GET)
        socket.on('error', () => undefined)
        await once(socket, 'close')

        await expectSpans(recorder, broken())
        expect(requestsInFlight()).toEqual([])
      })
    },
  )
}
