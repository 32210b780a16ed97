import { once } from 'node:events'

import { SpanKind } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import * as fc from 'fast-check'
import type { Application } from 'express'

import { tracing } from '@spanwright/express'

import { serve, type TestServer } from '@spanwright/http-servers'
import { type Express, NEWEST } from './versions.ts'

const RUNS = { seed: 2026, numRuns: 200 }

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans({ global: true })
})
afterAll(() => recorder.stop())

/** Sends bytes over one connection and waits for the end of the answer. */
async function send(server: TestServer, text: string): Promise<string> {
  const socket = server.connect()
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.end(text, 'latin1')
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

/** The span of each request that reached the app: no more, no less, and none left open. */
async function spansOf(asked: number): Promise<ReturnType<SpanRecorder['spans']>> {
  await recorder.waitFor(() => recorder.spans().length >= asked || asked === 0).catch(() => undefined)
  const spans = recorder.spans()
  expect(spans.map(({ kind }) => kind)).toEqual(Array.from({ length: asked }, () => SpanKind.SERVER))
  expect(recorder.open()).toEqual([])
  await recorder.reset()
  return spans
}

const byte = (from: number, to: number): fc.Arbitrary<string> =>
  fc.integer({ min: from, max: to }).map(code => String.fromCharCode(code))
const text = (from: number, to: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(byte(from, to), { maxLength }).map(characters => characters.join(''))

const target = fc
  .tuple(
    fc.constantFrom(
      '/',
      '/shop/',
      '//',
      '/mounted/1/',
      'http://a.test/shop/',
      '/shop/%',
      '/shop/?',
      '/%2e%2e/',
    ),
    fc.oneof(text(0x21, 0x7e, 40), fc.webPath()),
    fc.oneof(
      fc.constant(''),
      text(0x21, 0x7e, 40).map(query => `?${query}`),
    ),
  )
  .map(parts => parts.join(''))

const header = fc.tuple(
  fc.constantFrom(
    'traceparent',
    'tracestate',
    'baggage',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'user-agent',
    'cookie',
    'x-any',
  ),
  text(0x20, 0xff, 60).map(value => value.replaceAll('\u007f', '')),
)

const ROUTES = ['/shop/:a', '/shop/:a/:b', '/mounted/:m/:x', '/*']

function shop(express: Express, asked: { count: number }): Application {
  const app = express().set('env', 'test').set('trust proxy', true)
  app.use((_req, _res, next) => {
    asked.count++
    next()
  })
  app.use(
    tracing({
      captureHeaders: { request: ['x-any', 'cookie'], response: ['etag'] },
      expose: 'server-timing',
    }),
  )
  const router = express.Router()
  router.get('/:a', (req, res) => void res.send(req.params['a']))
  router.get('/:a/:b', (_req, _res, next) => next(new Error('no')))
  app.use('/shop', router)
  app.use(
    '/mounted/:m',
    express.Router().all('/:x', (_req, res) => void res.status(204).end()),
  )
  return app
}

describe.each(NEWEST)('whatever is sent to $name', ({ load }) => {
  const express = load()

  it('makes one span for each request, with a name from a bounded set', async () => {
    const asked = { count: 0 }
    await using server = await serve(shop(express, asked))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PURGE', 'HEAD', 'OPTIONS'),
        target,
        fc.array(header, { maxLength: 5 }),
        async (method, path, headers) => {
          asked.count = 0
          const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
          const answer = await send(
            server,
            `${method} ${path} HTTP/1.1\r\nHost: h.test\r\n${lines}Connection: close\r\n\r\n`,
          )
          const spans = await spansOf(asked.count)

          expect(answer).toMatch(/^HTTP\/1\.1 \d{3} /)
          for (const { name, attributes } of spans) {
            const [word, route, ...more] = name.split(' ')
            expect(['GET', 'POST', 'HTTP', 'HEAD', 'OPTIONS']).toContain(word)
            expect([undefined, ...ROUTES]).toContain(route)
            expect(more).toEqual([])
            expect(attributes['http.response.status_code']).toBe(Number(answer.slice(9, 12)))
          }
        },
      ),
      RUNS,
    )
  })

  it('keeps the query byte for byte, but for secrets', async () => {
    const asked = { count: 0 }
    await using server = await serve(shop(express, asked))
    const key = fc.oneof(
      text(0x21, 0x7e, 8).map(each => each.replaceAll(/[&=?#]/g, '_')),
      fc.constant('sig'),
    )
    const value = text(0x21, 0x7e, 12).map(each => each.replaceAll(/[&#]/g, '_'))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 6 }), async pairs => {
        asked.count = 0
        const query = pairs.map(([name, content]) => `${name}=${content}`).join('&')
        await send(server, `GET /shop/a?${query} HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n`)
        const [span] = await spansOf(asked.count)

        const redacted = pairs.map(([name, content]) =>
          name === 'sig' && content !== '' ? 'sig=REDACTED' : `${name}=${content}`,
        )
        expect(span?.attributes['url.query']).toBe(redacted.join('&'))
      }),
      RUNS,
    )
  })

  it('names every shape of nested routes by their patterns alone', async () => {
    const part = fc.constantFrom('a', 'b', ':p', ':q')
    const shape = fc.array(fc.array(part, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(shape, text(0x61, 0x7a, 5), async (levels, word) => {
        const patterns = levels.map(
          (parts, level) =>
            `/${parts.map((each, i) => (each.startsWith(':') ? `${each}${level}${i}` : each)).join('/')}`,
        )
        const app = express().use(tracing()).use(nest(express, patterns))
        await using server = await serve(app)
        const path = patterns.join('').replaceAll(/:\w+/g, `x${word}`)
        const answer = await send(server, `GET ${path} HTTP/1.1\r\nHost: h.test\r\nConnection: close\r\n\r\n`)
        const [span] = await spansOf(1)

        expect(answer).toContain(' 200 ')
        expect(span?.name).toBe(`GET ${patterns.join('')}`)
      }),
      { ...RUNS, numRuns: 60 },
    )
  })
})

/** A router in a router in a router, the last pattern being that of the route. */
function nest(express: Express, [first = '/', ...rest]: readonly string[]): ReturnType<Express['Router']> {
  const router = express.Router()
  if (rest.length === 0) return router.get(first, (_req, res) => void res.send('ok'))
  return router.use(first, nest(express, rest))
}
