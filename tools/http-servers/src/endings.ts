import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import { describe, expect, it } from '@jest/globals'

import { defer } from './deferred.ts'
import type { TracedFramework } from './framework.ts'
import { testHandedOver } from './handed-over.ts'
import { nextBytes, PLAIN, requestOf, serve, servedOver } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { expectSpans } from './span.ts'
import { isOverHttp1 } from './transports.ts'
import { testWithoutConnection } from './without-connection.ts'

const GET = requestOf('GET /items/7', ['Connection: keep-alive'])

/** More than the buffers of two ends of a connection hold. */
const LARGE = 32 * 1024 * 1024

const answered = {
  name: 'GET /items/:id',
  attributes: { 'http.response.status_code': 200 },
}

/** A span ends with its response, whatever object replaces the connection and whatever takes it over. */
export function testEndings(frameworks: readonly TracedFramework[]): void {
  // Adapters use no transport.
  if (servedOver() === PLAIN) testWithoutConnection(frameworks)
  testEarlyEndings(frameworks)
  // HTTP/2 has no upgrades, and its connection cannot be taken.
  if (isOverHttp1()) testHandedOver(frameworks)
}

function testEarlyEndings(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

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

          await expectSpans(recorder, answered)
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

        await expectSpans(recorder, {
          ...answered,
          attributes: { ...answered.attributes, 'error.type': 'ECONNRESET' },
          failed: true,
        })
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

        await expectSpans(recorder, answered)
        expect(calls.map(([error]) => error ?? undefined)).toEqual([undefined, undefined])
      })
    },
  )
}
