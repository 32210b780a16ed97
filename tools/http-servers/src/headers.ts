import { describe, expect, it } from '@jest/globals'
import { canary } from '@spanwright/testing'

import type { PlainHandler, TracedFramework } from './framework.ts'
import { requestOf, serve } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { expectSpans } from './span.ts'

const ok = (attributes: object = {}) => ({
  name: 'GET /items/:id',
  attributes: { 'http.response.status_code': 200, ...attributes },
})

/** The value of a header in an answer; undefined when it is not there. */
function headerIn(received: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*?)\r$`, 'im').exec(received)?.[1]
}

/** What is recorded of headers and query, and what the caller receives. */
export function testHeaders(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)('what $name shows of a request', ({ serving }) => {
    it('are captured headers as lists, secrets masked unless they are named', async () => {
      const app = serving(
        (_req, res) => {
          res.setHeader('X-Reply', 'r')
          res.setHeader('Set-Cookie', ['a=1', 'b=2'])
          res.writeHead(200, { 'X-Late': 'l' }).end('four')
        },
        {
          captureHeaders: {
            request: ['X-Tag', 'authorization', 'Cookie', 'x-api-key', 'proxy-authorization', 'x-none'],
            response: ['X-Reply', 'set-cookie', 'x-late', 'x-none'],
            unmasked: ['X-API-Key'],
          },
        },
      )
      await using server = await serve(app)
      await server.send(
        requestOf('GET /items/7', [
          'X-Tag: a',
          'X-Tag: b',
          `Authorization: Bearer ${canary('zq-bearer-token')}`,
          `Proxy-Authorization: Basic ${canary('zq-proxy-password')}`,
          `Cookie: s=${canary('zq-session-id')}`,
          'X-Api-Key: k',
        ]),
      )

      await expectSpans(
        recorder,
        ok({
          'http.request.header.x-tag': ['a, b'],
          'http.request.header.authorization': ['REDACTED'],
          'http.request.header.proxy-authorization': ['REDACTED'],
          'http.request.header.cookie': ['REDACTED'],
          'http.request.header.x-api-key': ['k'],
          'http.response.header.x-reply': ['r'],
          'http.response.header.set-cookie': ['REDACTED', 'REDACTED'],
          'http.response.header.x-late': ['l'],
        }),
      )
    })

    it('are response headers that came with the head alone', async () => {
      const app = serving((_req, res) => res.writeHead(200, { 'X-Late': 'l' }).end(), {
        captureHeaders: { response: ['x-late'] },
      })
      await using server = await serve(app)
      await server.send(requestOf('GET /items/7'))

      await expectSpans(recorder, ok({ 'http.response.header.x-late': ['l'] }))
    })

    it.each([
      [undefined, 'a=1&sig=REDACTED&X-Amz-Signature=REDACTED&token=REDACTED&sig'],
      [['token'], 'a=1&sig=s&X-Amz-Signature=t&token=REDACTED&sig'],
      [[], 'a=1&sig=s&X-Amz-Signature=t&token=u&sig'],
    ])('is the query without secrets, by the list %j', async (sensitiveQueryKeys, query) => {
      await using server = await serve(serving((_req, res) => res.end(), { sensitiveQueryKeys }))
      await server.send(requestOf('GET /items/7?a=1&sig=s&X-Amz-Signature=t&token=u&sig'))

      await expectSpans(recorder, ok({ 'url.query': query }))
    })
  })

  describe.each(frameworks)('the option expose of $name', ({ serving }) => {
    /** The answer to a request, and what stands for its span in headers. */
    async function ask(expose: string | undefined, handler: PlainHandler): Promise<[string, string, string]> {
      await using server = await serve(serving(handler, { expose }))
      const received = await server.send(requestOf('GET /items/7'))
      const [span] = await expectSpans(recorder, ok())
      const { traceId = '', spanId = '' } = span?.spanContext() ?? {}
      return [received, traceId, `00-${traceId}-${spanId}-01`]
    }

    it('is off by default', async () => {
      const [received, traceId] = await ask(undefined, (_req, res) => res.end())

      expect(received).not.toContain(traceId)
    })

    it("'traceresponse' sends the ids of trace and span", async () => {
      const [received, , id] = await ask('traceresponse', (_req, res) => res.end())

      expect(headerIn(received, 'traceresponse')).toBe(id)
      expect(headerIn(received, 'access-control-expose-headers')).toBeUndefined()
    })

    it('another header gets the trace id', async () => {
      const [received, traceId] = await ask('X-Trace-Id', (_req, res) => res.end())

      expect(headerIn(received, 'x-trace-id')).toBe(traceId)
    })

    it.each<[string, PlainHandler, string]>([
      ['set before', (_req, res) => (res.setHeader('Server-Timing', 'db;dur=5'), res.end()), 'db;dur=5, '],
      [
        'given with the head',
        (_req, res) => res.writeHead(200, Object.freeze({ 'Server-Timing': 'db;dur=6' })).end(),
        'db;dur=6, ',
      ],
      [
        'given in a list',
        (_req, res) => res.writeHead(200, ['Server-Timing', 'a', 'X-Other', 'b'] as never).end(),
        'a, ',
      ],
      [
        'given in a list of pairs',
        (_req, res) => {
          res.writeHead(200, [['X-Other', 'b'] as never, ['Server-Timing', 'c'] as never]).end()
        },
        'c, ',
      ],
      ['absent', (_req, res) => res.end(), ''],
    ])("'server-timing' adds to the header that is %s", async (_, handler, before) => {
      const [received, , id] = await ask('server-timing', handler)

      expect(headerIn(received, 'server-timing')).toBe(`${before}trace;desc="${id}"`)
    })

    it.each([
      ['an array', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']],
      ['a list of pairs', [['Set-Cookie', 'a=1'] as never, ['Set-Cookie', 'b=2'] as never]],
    ])('is added to headers that came more than once in %s', async (_, headers) => {
      const app = serving(
        (_req, res) => {
          res.writeHead(201, headers).end()
        },
        { expose: 'x-trace', captureHeaders: { response: ['set-cookie'], unmasked: ['set-cookie'] } },
      )
      await using server = await serve(app)
      const received = await server.send(requestOf('GET /items/7'))
      const span = await recorder.waitFor('GET /items/:id')

      expect(received).toMatch(/^HTTP\/1.1 201 /)
      expect(received).toMatch(/^set-cookie: a=1\r\nset-cookie: b=2\r\n/im)
      expect(headerIn(received, 'x-trace')).toBe(span.spanContext().traceId)
      expect(span.attributes).toMatchObject({
        'http.response.status_code': 201,
        'http.response.header.set-cookie': ['a=1', 'b=2'],
      })
    })

    it.each([
      ['ETag', 'ETag, traceresponse'],
      [undefined, 'traceresponse'],
      ['*', '*'],
      ['TraceResponse', 'TraceResponse'],
    ])('extends what CORS exposes, %s, and replaces nothing', async (exposed, whole) => {
      const [received] = await ask('traceresponse', (_req, res) => {
        res.setHeader('Access-Control-Allow-Origin', '*')
        if (exposed) res.setHeader('Access-Control-Expose-Headers', exposed)
        res.end()
      })

      expect(headerIn(received, 'access-control-expose-headers')).toBe(whole)
    })

    it('adds to a * of CORS that means nothing, because credentials are allowed', async () => {
      const [received] = await ask('traceresponse', (_req, res) => {
        res.setHeader('Access-Control-Allow-Origin', 'https://shop.test')
        res.setHeader('Access-Control-Allow-Credentials', 'true')
        res.setHeader('Access-Control-Expose-Headers', '*')
        res.end()
      })

      expect(headerIn(received, 'access-control-expose-headers')).toBe('*, traceresponse')
    })

    it.each(['', 'a b', 'x:y', 7])('refuses %j', value => {
      expect(() => serving(() => undefined, { expose: value as never })).toThrow(/option expose must be/)
    })
  })
}
