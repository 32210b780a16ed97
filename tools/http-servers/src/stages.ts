import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

import { defer } from './deferred.ts'
import { eventsOf } from './events.ts'
import type { TracedFramework } from './framework.ts'
import { A_AND_B, nextBytes, readAll, requestOf, serve } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { eventsOfOpenSpan, expectSpans } from './span.ts'
import { isOverHttp1 } from './transports.ts'

const GET = requestOf('GET /items/7')
const START = 'spanwright.response.start'
const OK = { name: 'GET /items/:id', attributes: { 'http.response.status_code': 200 } }

/** More than the buffers of two ends of a connection hold. */
const LARGE = 32 * 1024 * 1024

/** The span of a request covers the whole response, and with the option `stages` records when it began. */
export function testStages(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spanwright-stages-'))
    await writeFile(join(folder, 'large.bin'), Buffer.alloc(LARGE))
  })
  afterAll(() => rm(folder, { recursive: true }))

  describe.each(frameworks)('the span of a response of $name', ({ serving, servingFile }) => {
    it('covers server-sent events to the last one, and records when they started', async () => {
      let stream: ServerResponse | undefined
      const app = serving(
        (_req, res) => {
          stream = res
          res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
        },
        { stages: true },
      )
      await using server = await serve(app)
      const socket = server.connect(GET)
      expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 200 /)
      expect(eventsOfOpenSpan(recorder)).toEqual([START])
      stream?.write('data: 2\n\n')
      await nextBytes(socket)
      expect(eventsOfOpenSpan(recorder)).toEqual([START])
      stream?.end()

      await expectSpans(recorder, { ...OK, events: [START] })
    })

    it('records no start while a long poll waits, although its head is written', async () => {
      const waiting = defer<ServerResponse>()
      const app = serving((_req, res) => waiting.resolve(res.writeHead(200)), { stages: true })
      await using server = await serve(app)
      const answer = server.send(GET)
      const res = await waiting.promise
      expect(eventsOfOpenSpan(recorder)).toEqual([])
      res.end('news')
      expect(eventsOfOpenSpan(recorder)).toEqual([START])

      expect(await answer).toContain('news')
      await expectSpans(recorder, { ...OK, events: [START] })
    })

    it('covers a large file until its last byte is sent', async () => {
      await using server = await serve(servingFile(join(folder, 'large.bin'), { stages: true }))
      const socket = server.connect(GET)
      let received = (await nextBytes(socket)).split('\r\n\r\n', 2)[1]?.length ?? 0
      socket.pause()
      expect(eventsOfOpenSpan(recorder)).toEqual([START])
      socket.on('data', (chunk: Buffer) => (received += chunk.length))
      socket.resume()
      await once(socket, 'close')

      expect(received).toBe(LARGE)
      await expectSpans(recorder, { ...OK, events: [START] })
    })

    it.each([
      ['flushed headers', 200, (res: ServerResponse) => res.flushHeaders()],
      ['no content', 204, (res: ServerResponse) => res.writeHead(204).end()],
      ['an error', 500, (res: ServerResponse) => res.writeHead(500).end('no')],
    ])('records the start once with %s', async (_, status, answer) => {
      const app = serving(
        (_req, res) => {
          answer(res)
          res.end()
        },
        { stages: true },
      )
      await using server = await serve(app)
      await server.send(GET)

      await expectSpans(recorder, {
        ...OK,
        attributes: {
          'http.response.status_code': status,
          ...(status === 500 && { 'error.type': '500' }),
        },
        ...(status === 500 && { failed: true }),
        events: [START],
      })
    })

    it('does not record an interim response as the start', async () => {
      const waiting = defer<ServerResponse>()
      const app = serving(
        (_req, res) => {
          res.writeEarlyHints({ link: '</a.css>; rel=preload' })
          waiting.resolve(res)
        },
        { stages: true },
      )
      await using server = await serve(app)
      const socket = server.connect(GET)
      expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 103 /)
      expect(eventsOfOpenSpan(recorder)).toEqual([])
      const [rest, res] = [readAll(socket), await waiting.promise]
      res.end()

      expect(await rest).toMatch(/^HTTP\/1\.1 200 /)
      await expectSpans(recorder, { ...OK, events: [START] })
    })

    it('records no start when the client disconnected before it', async () => {
      const waiting = defer<ServerResponse>()
      await using server = await serve(serving((_req, res) => waiting.resolve(res), { stages: true }))
      const socket = server.connect(GET)
      const res = await waiting.promise
      socket.destroy()
      await once(res, 'close')
      res.end('too late')

      await expectSpans(recorder, {
        ...OK,
        attributes: { 'error.type': 'ECONNRESET' },
        failed: true,
      })
    })

    // HTTP/2 has no pipelining.
    if (isOverHttp1()) {
      const holdFirst = () => {
        const held = defer<ServerResponse>()
        const written = defer<ServerResponse>()
        const app = serving(
          (req, res) => {
            if (req.headers['x-first'] !== undefined) return held.resolve(res)
            res.end('second')
            written.resolve(res)
          },
          { stages: true },
        )
        return { app, held, written }
      }

      it('records the start of a response that waits for its turn when it is written to the connection', async () => {
        const { app, held, written } = holdFirst()
        await using server = await serve(app)
        const first = requestOf('GET /items/7', ['Connection: keep-alive', 'X-First: 1'])
        const answer = server.send(first + GET)
        await written.promise
        expect((recorder.open() as readonly ReadableSpan[]).map(eventsOf)).toEqual([[], []])
        const res = await held.promise
        res.end('first')

        expect(await answer).toMatch(/first[^]*second/)
        await expectSpans(recorder, { ...OK, events: [START] }, { ...OK, events: [START] })
      })

      it('records no start of a response that waits for its turn until the client has disconnected', async () => {
        const { app, held, written } = holdFirst()
        await using server = await serve(app)
        const socket = server.connect(
          requestOf('GET /items/7', ['Connection: keep-alive', 'X-First: 1']) + GET,
        )
        const [res] = await Promise.all([held.promise, written.promise])
        socket.destroy()
        await once(res, 'close')
        await recorder.waitFor(() => recorder.spans().length === 2)

        expect(recorder.spans().map(eventsOf)).toEqual([[], []])
      })
    }

    it('records no start by default', async () => {
      await using server = await serve(serving((_req, res) => res.end('ok')))
      await server.send(GET)

      await expectSpans(recorder, OK)
    })

    it('keeps the methods of the response unchanged', async () => {
      const seen: unknown[] = []
      const app = serving(
        (_req, res) => {
          for (const name of ['write', 'end', 'flushHeaders'] as const) {
            const inherited = Object.getPrototypeOf(res)[name] as () => unknown
            seen.push([res[name].name, res[name].length, inherited.name === name])
          }
          seen.push(res.write('a', 'latin1', () => seen.push('written')))
          seen.push(res.end('Yg==', 'base64', () => seen.push('ended')) === res)
        },
        { stages: true },
      )
      await using server = await serve(app)

      expect(await server.send(GET)).toMatch(A_AND_B)
      await expectSpans(recorder, { ...OK, events: [START] })
      expect(seen).toEqual([
        ['write', 3, true],
        ['end', 3, true],
        ['flushHeaders', 0, true],
        true,
        true,
        'written',
        'ended',
      ])
    })
  })

  it.each(frameworks)("$name refuses stages that aren't a boolean", ({ serving }) => {
    expect(() => serving(() => undefined, { stages: 'yes' as never })).toThrow(
      "option stages must be true or false; got 'yes'",
    )
  })
}
