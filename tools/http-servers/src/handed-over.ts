import { once } from 'node:events'
import { type IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

import { describe, expect, it } from '@jest/globals'
import { requestsInFlight } from '@spanwright/core'
import { WebSocket, WebSocketServer } from 'ws'

import { defer } from './deferred.ts'
import type { TracedFramework } from './framework.ts'
import { nextBytes, requestOf, serve, servedOver, type TestServer } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { expectSpans } from './span.ts'
import { IDENTITY } from './transports.ts'

const GET = requestOf('GET /items/7', ['Connection: keep-alive'])
const UPGRADE = requestOf('GET /items/7', ['Connection: Upgrade', 'Upgrade: chat'])

const answered = (statusCode: number) => ({
  name: 'GET /items/:id',
  attributes: { 'http.response.status_code': statusCode },
})

const broken = () =>
  ({
    name: 'GET /items/:id',
    attributes: { 'error.type': 'ECONNRESET' },
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
  const scheme = servedOver().scheme === 'https' ? 'wss' : 'ws'
  const options = { headers: { host: 'shop.test' }, ca: IDENTITY.cert }
  const socket = new WebSocket(`${scheme}://127.0.0.1:${port}/items/7`, options)
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

/** A span ends when its connection is handed over to a WebSocket, or to its handler. */
export function testHandedOver(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

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
