import { describe, expect, it } from '@jest/globals'

import type { PlainHandler, TracedFramework } from './framework.ts'
import { nextBytes, readAll, requestOf, serve } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { type ExpectedSpan, expectSpans } from './span.ts'
import { isOverHttp1 } from './transports.ts'

const KEEP = ['Connection: keep-alive']

const spanOf = (method: string, path: string, status: number): ExpectedSpan => ({
  name: `${method} /items/:id`,
  attributes: {
    'http.request.method': method,
    'url.path': path,
    'http.response.status_code': status,
  },
})

/** Answers with its path, or as its path describes. */
const answer: PlainHandler = ({ url = '' }, res) => {
  if (url.endsWith('204')) res.writeHead(204).end()
  else if (url.endsWith('304')) res.writeHead(304).end()
  else if (url.endsWith('slow')) setImmediate(() => setImmediate(() => res.end(url)))
  else res.end(url)
}

const echo: PlainHandler = (req, res) => {
  const chunks: Buffer[] = []
  req.on('data', (chunk: Buffer) => chunks.push(chunk))
  req.on('end', () => res.end(Buffer.concat(chunks)))
}

/** However requests come over a connection, each is one span. */
export function testConnections(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)('one span for each request to $name', ({ serving }) => {
    it('on a connection that is kept alive', async () => {
      await using server = await serve(serving(answer))
      const socket = server.connect(requestOf('GET /items/1', KEEP))
      await nextBytes(socket, '/items/1')
      socket.write(requestOf('GET /items/2'))
      await readAll(socket)

      const spans = await expectSpans(
        recorder,
        spanOf('GET', '/items/1', 200),
        spanOf('GET', '/items/2', 200),
      )
      expect(new Set(spans.map(span => span.spanContext().traceId)).size).toBe(2)
    })

    // HTTP/2 has no pipelining.
    if (isOverHttp1()) {
      it('on a pipelined connection, where the first answer is late', async () => {
        await using server = await serve(serving(answer))
        const bytes = requestOf('GET /items/slow', KEEP) + requestOf('GET /items/quick')

        expect(await server.send(bytes)).toMatch(/slow[^]*quick/)
        await expectSpans(recorder, spanOf('GET', '/items/slow', 200), spanOf('GET', '/items/quick', 200))
      })
    }

    it('with HEAD, 204 and 304', async () => {
      await using server = await serve(serving(answer))
      await server.send(
        requestOf('HEAD /items/1', KEEP) + requestOf('GET /items/204', KEEP) + requestOf('GET /items/304'),
      )

      await expectSpans(
        recorder,
        spanOf('HEAD', '/items/1', 200),
        spanOf('GET', '/items/204', 204),
        spanOf('GET', '/items/304', 304),
      )
    })

    it('with interim responses before the final one', async () => {
      const app = serving((_req, res) => {
        // Responses of node:http2 have no such method.
        if (isOverHttp1()) res.writeProcessing()
        res.writeEarlyHints({ link: '</a.css>; rel=preload' })
        res.end('ok')
      })
      await using server = await serve(app)

      expect(await server.send(requestOf('GET /items/7'))).toMatch(
        isOverHttp1() ? /HTTP\/1\.1 102 [^]*103 [^]*200 / : /103 [^]*200 /,
      )
      await expectSpans(recorder, spanOf('GET', '/items/7', 200))
    })

    it.each(['by Node', 'by a listener for checkContinue'])(
      'that waits for 100 Continue, which is answered %s',
      async who => {
        const app = serving(echo)
        await using server = await serve(app)
        if (who !== 'by Node') {
          server.server.on('checkContinue', (req, res) => {
            res.writeContinue()
            app(req, res)
          })
        }
        const socket = server.connect(
          requestOf('POST /items/7', ['Expect: 100-continue', 'Content-Length: 2']),
        )
        expect(await nextBytes(socket)).toMatch(/^HTTP\/1\.1 100 /)
        const rest = readAll(socket)
        socket.write('ok')

        expect(await rest).toMatch(/^HTTP\/1\.1 200 [^]*ok$/)
        await expectSpans(recorder, spanOf('POST', '/items/7', 200))
      },
    )

    it('with an unknown expectation is still answered', async () => {
      const app = serving(answer)
      await using server = await serve(app)
      server.server.on('checkExpectation', app)
      await server.send(requestOf('GET /items/7', ['Expect: wonders']))

      await expectSpans(recorder, spanOf('GET', '/items/7', 200))
    })

    it('with a method that is not known', async () => {
      await using server = await serve(serving(answer))
      await server.send(requestOf('PURGE /items/7'))

      await expectSpans(recorder, {
        name: 'HTTP /items/:id',
        attributes: {
          'http.request.method': '_OTHER',
          'http.request.method_original': 'PURGE',
          'http.response.status_code': 200,
        },
      })
    })

    it('with a method that OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS makes known', async () => {
      process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'] = 'PURGE, POST'
      let app
      try {
        app = serving(answer)
      } finally {
        delete process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS']
      }
      await using server = await serve(app)
      await server.send(requestOf('PURGE /items/1', KEEP) + requestOf('GET /items/2'))

      const other = { 'http.request.method': '_OTHER', 'http.request.method_original': 'GET' }
      const { attributes } = spanOf('GET', '/items/2', 200)
      await expectSpans(recorder, spanOf('PURGE', '/items/1', 200), {
        name: 'HTTP /items/:id',
        attributes: { ...attributes, ...other },
      })
    })

    // HTTP/2 has no upgrades.
    if (isOverHttp1()) {
      it('that asks for another protocol, and gets this one', async () => {
        await using server = await serve(serving((_req, res) => res.setHeader('connection', 'close').end()))
        await server.send(requestOf('GET /items/7', ['Connection: Upgrade', 'Upgrade: websocket']))

        await expectSpans(recorder, spanOf('GET', '/items/7', 200))
      })
    }
  })
}
