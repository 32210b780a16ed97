import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

import { describe, expect, it } from '@jest/globals'

import { defer } from './deferred.ts'
import type { TracedFramework } from './framework.ts'
import { nextBytes, readAll, requestOf, serve } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { expectSpans } from './span.ts'
import { isOverHttp1 } from './transports.ts'

const GET = requestOf('GET /items/7', ['Connection: keep-alive'])

/** More than the operating system takes from a client that does not read. */
const LARGE = Buffer.alloc(16 * 2 ** 20)

/** Of a response that was not completed. */
const broken = (errorType: string, statusCode?: number) =>
  ({
    name: 'GET /items/:id',
    attributes: { 'http.response.status_code': statusCode, 'error.type': errorType },
    failed: true,
  }) as const

async function* chunks(): AsyncGenerator<string> {
  yield 'begin'
  await new Promise(setImmediate)
  throw Object.assign(new Error('disk'), { code: 'EIO' })
}

/** A request whose response is not completed is an error with the known attributes, and ends at that moment. */
export function testBrokenOff(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)('a request to $name that is cut short', ({ serving }) => {
    it('by the client before the response begins is an error without a status code', async () => {
      const arrived = defer<void>()
      await using server = await serve(serving(() => arrived.resolve()))
      const socket = server.connect(GET)
      await arrived.promise
      socket.destroy()

      await expectSpans(recorder, broken('ECONNRESET'))
    })

    it('by the client who is answered too late stays one', async () => {
      const arrived = defer<ServerResponse>()
      await using server = await serve(serving((_req, res) => arrived.resolve(res)))
      const socket = server.connect(GET)
      const res = await arrived.promise
      socket.destroy()
      await once(res, 'close')
      res.end('too late')

      await expectSpans(recorder, broken('ECONNRESET'))
    })

    it('by the client when only the head was set is an error without a status code', async () => {
      const arrived = defer<void>()
      const app = serving((_req, res) => {
        res.statusCode = 201
        arrived.resolve()
      })
      await using server = await serve(app)
      const socket = server.connect(GET)
      await arrived.promise
      socket.destroy()

      await expectSpans(recorder, broken('ECONNRESET'))
    })

    it('by the client in the middle of the response is one with the status code that was sent', async () => {
      const app = serving((_req, res) => {
        res.setHeader('content-length', '100')
        res.write('begin')
      })
      await using server = await serve(app)
      const socket = server.connect(GET)
      await nextBytes(socket)
      socket.destroy()

      await expectSpans(recorder, broken('ECONNRESET', 200))
    })

    it('by the client while a response that has ended is being sent is one', async () => {
      await using server = await serve(serving((_req, res) => res.writeHead(200).end(LARGE)))
      const socket = server.connect(GET)
      await nextBytes(socket)
      socket.destroy()

      await expectSpans(recorder, broken('ECONNRESET', 200))
    })

    it('by the client while it sends its body is an error', async () => {
      const arrived = defer<void>()
      const app = serving(req => req.on('error', () => undefined).on('data', () => arrived.resolve()))
      await using server = await serve(app)
      const socket = server.connect(requestOf('POST /items/7', ['Content-Length: 100'], 'begin'))
      await arrived.promise
      socket.destroy()

      await expectSpans(recorder, {
        ...broken('ECONNRESET'),
        name: 'POST /items/:id',
        attributes: { 'http.request.method': 'POST', 'error.type': 'ECONNRESET' },
      })
    })

    it('by the client with a reset is an error, and no exception of the application', async () => {
      const arrived = defer<void>()
      await using server = await serve(serving(() => arrived.resolve()))
      const socket = server.connect(GET)
      await arrived.promise
      socket.resetAndDestroy()

      await expectSpans(recorder, broken('ECONNRESET'))
    })

    // HTTP/2 has no pipelining.
    if (isOverHttp1()) {
      it('by the client is an error of every request that waits for its turn on the connection', async () => {
        const waiting: ServerResponse[] = []
        const all = defer<void>()
        let asked = 0
        const app = serving((req, res) => {
          // The body is read, so that no event is left that could signal the end.
          req.resume().on('close', () => waiting.push(res) === 12 && all.resolve())
          if (++asked === 2) res.end('answered, never sent')
        })
        await using server = await serve(app)
        const warnings: Error[] = []
        const warn = (warning: Error): void => void warnings.push(warning)
        process.on('warning', warn)
        const socket = server.connect(GET.repeat(12))
        await all.promise
        socket.destroy()

        await expectSpans(recorder, ...waiting.map(() => broken('ECONNRESET')))
        process.off('warning', warn)
        expect(warnings).toEqual([])
      })
    }

    it('by res.destroy(error) is that error', async () => {
      const app = serving((_req, res) => {
        res.on('error', () => undefined)
        res.write('begin', () => res.destroy(new RangeError('no more')))
      })
      await using server = await serve(app)
      await readAll(server.connect(GET))

      await expectSpans(recorder, {
        ...broken('RangeError', 200),
        failed: 'no more',
        events: ['exception RangeError'],
      })
    })

    it('by res.destroy() without an error is one too', async () => {
      const app = serving((_req, res) => res.write('begin', () => res.destroy()))
      await using server = await serve(app)
      await server.send(requestOf('GET /items/7'))

      await expectSpans(recorder, broken('ECONNRESET', 200))
    })

    it('by the socket is an error', async () => {
      await using server = await serve(serving(req => req.socket.destroy()))
      await server.send(requestOf('GET /items/7'))

      await expectSpans(recorder, broken('ECONNRESET'))
    })

    it('by a stream that fails half way is that error', async () => {
      const app = serving(async (_req, res) => {
        await pipeline(Readable.from(chunks()), res).catch(() => undefined)
      })
      await using server = await serve(app)
      await readAll(server.connect(GET))

      await expectSpans(recorder, { ...broken('EIO', 200), failed: 'disk', events: ['exception Error'] })
    })

    it('never when the client closes after it has received everything', async () => {
      await using server = await serve(serving((_req, res) => res.end('all')))
      const socket = server.connect(GET)
      await nextBytes(socket, 'all')
      socket.destroy()

      await expectSpans(recorder, {
        name: 'GET /items/:id',
        attributes: { 'http.response.status_code': 200 },
      })
    })
  })
}
