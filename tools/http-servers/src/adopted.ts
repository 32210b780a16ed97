import type { RequestListener } from 'node:http'

import { type Attributes, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { RPCType, setRPCMetadata } from '@opentelemetry/core'
import { describe, expect, it } from '@jest/globals'
import { type HttpServerOptions } from '@spanwright/core/plugin'
import { requestsInFlight } from '@spanwright/core'

import { defer } from './deferred.ts'
import type { PlainHandler, TracedFramework } from './framework.ts'
import { readAll, requestOf, serve, servedOver } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { servedAttributes } from './span.ts'
import { isOverHttp1 } from './transports.ts'

const ROUTE = { 'http.request.method': 'GET', 'http.route': '/items/:id' }

/** What an HTTP instrumentation does around a listener: it starts a span, and ends it when the response is closed. */
function instrumented(
  listener: RequestListener,
  show: (span: Span) => void = () => undefined,
): RequestListener {
  return (req, res) => {
    const span = trace.getTracer('instrumentation-http').startSpan('GET', { kind: SpanKind.SERVER })
    show(span)
    res.on('close', () => span.end())
    const active = setRPCMetadata(trace.setSpan(context.active(), span), { type: RPCType.HTTP, span })
    context.with(active, () => listener(req, res))
  }
}

function isMatch(attributes: Attributes, expected: Attributes): boolean {
  return Object.entries(expected).every(([key, value]) => attributes[key] === value)
}

const goOn = (): void => undefined

/** A request whose span another instrumentation has started is treated as any other, except for the duration metric. */
export function testAdoptedSpans(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)(
    'a request of $name whose span another instrumentation started',
    ({ serving }) => {
      /** The calls of the hooks `onStart` and `onEnd` for one request, and the span that the instrumentation started. */
      async function hooksOf(handler: PlainHandler, leave: boolean) {
        const calls: unknown[][] = []
        const arrived = defer<void>()
        const options: HttpServerOptions<unknown> = {
          onStart: (span, { url }) => {
            calls.push(['start', span, url])
            span.setAttribute('app.started', true)
          },
          onEnd: (span, { url }, { error, statusCode, durationMs }) => {
            calls.push(['end', span, url, error, statusCode, durationMs > 0])
            span.setAttribute('app.ended', true)
          },
        }
        const app = serving((req, res) => {
          arrived.resolve()
          return handler(req, res)
        }, options)
        let foreign: Span | undefined
        await using server = await serve(instrumented(app, span => (foreign = span)))
        const socket = server.connect(requestOf('GET /items/7?a=1'))
        await arrived.promise
        if (leave) socket.destroy()
        else await readAll(socket)
        const span = await recorder.waitFor('GET /items/:id')
        return { calls, foreign, span }
      }

      it('calls the hooks with that span', async () => {
        const { calls, foreign, span } = await hooksOf((_req, res) => res.end('ok'), false)

        expect(calls).toEqual([
          ['start', foreign, '/items/7?a=1'],
          ['end', foreign, '/items/7?a=1', undefined, 200, true],
        ])
        expect(recorder.spans()).toEqual([span])
        expect(span.attributes).toMatchObject({ ...ROUTE, 'app.started': true, 'app.ended': true })
        expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
      })

      it('reports a broken response to the end hook', async () => {
        const error = Object.assign(new Error('disk'), { code: 'EIO' })
        const { calls, foreign, span } = await hooksOf((_req, res) => void res.destroy(error), false)

        expect(calls.at(-1)).toEqual(['end', foreign, '/items/7?a=1', error, undefined, true])
        expect(span.attributes).toMatchObject({ ...ROUTE, 'error.type': 'EIO', 'app.ended': true })
        expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'disk' })
      })

      it('calls the end hook once when the client disconnects', async () => {
        const { calls, foreign, span } = await hooksOf(() => undefined, true)

        expect(calls).toEqual([
          ['start', foreign, '/items/7?a=1'],
          ['end', foreign, '/items/7?a=1', undefined, undefined, true],
        ])
        expect(span.attributes).toMatchObject({ ...ROUTE, 'error.type': 'ECONNRESET', 'app.ended': true })
      })

      it('has the headers that came with the head of the response', async () => {
        const app = serving(
          (_req, res) => res.writeHead(200, { 'X-Kind': 'item', 'Set-Cookie': ['a=1', 'b=2'] }).end(),
          {
            captureHeaders: { response: ['x-kind', 'set-cookie'] },
          },
        )
        await using server = await serve(instrumented(app))
        await server.send(requestOf('GET /items/7'))

        expect((await recorder.waitFor('GET /items/:id')).attributes).toMatchObject({
          'http.response.header.x-kind': ['item'],
          'http.response.header.set-cookie': ['REDACTED', 'REDACTED'],
        })
      })

      it('is among the requests in flight until its response is closed', async () => {
        const arrived = defer<() => void>()
        let foreign: Span | undefined
        const app = serving((_req, res) => arrived.resolve(() => res.end()))
        await using server = await serve(instrumented(app, span => (foreign = span)))
        const socket = server.connect(requestOf('GET /items/7?a=1'))
        const answer = await arrived.promise

        expect(requestsInFlight()).toEqual([
          {
            method: 'GET',
            route: '/items/:id',
            path: '/items/7',
            ageMs: expect.any(Number),
            traceId: foreign?.spanContext().traceId,
          },
        ])
        answer()
        await readAll(socket)
        await recorder.waitFor('GET /items/:id')
        expect(requestsInFlight()).toEqual([])
      })

      // HTTP/2 has no pipelining.
      if (isOverHttp1()) {
        it('is no longer in flight when the client disconnects while the response waits for its turn', async () => {
          const both = defer<void>()
          let arrived = 0
          const app = serving(() => {
            if (++arrived === 2) both.resolve()
          })
          await using server = await serve(instrumented(app))
          const socket = server.connect(requestOf('GET /items/7', ['Connection: keep-alive']).repeat(2))
          await both.promise
          expect(requestsInFlight()).toHaveLength(2)
          socket.destroy()
          await recorder.waitFor('GET /items/:id')

          while (requestsInFlight().length > 0) await new Promise(setImmediate)
          expect(arrived).toBe(2)
        })
      }

      it('is ended as unfinished on SIGTERM', async () => {
        const arrived = defer<void>()
        const app = serving(() => arrived.resolve(), { endOnShutdown: true })
        await using server = await serve(instrumented(app))
        server.connect(requestOf('GET /items/7'))
        await arrived.promise
        // With another listener, the process continues.
        process.on('SIGTERM', goOn)
        process.emit('SIGTERM', 'SIGTERM')
        process.removeListener('SIGTERM', goOn)

        const span = await recorder.waitFor('GET /items/:id')
        expect(recorder.spans()).toEqual([span])
        expect(span.attributes).toMatchObject({ ...ROUTE, 'error.type': 'unfinished' })
        expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
        expect(requestsInFlight()).toEqual([])
      })

      it('counts in the metrics that the application asks for, and not in the duration, which its owner measures', async () => {
        const app = serving(
          (req, res) => {
            req.resume().on('end', () => {
              res.write('äö')
              res.end('end')
            })
          },
          { metrics: { activeRequests: true, bodySizes: true, attributes: () => ({ tenant: 'blue' }) } },
        )
        await using server = await serve(instrumented(app))
        await server.send(requestOf('POST /items/7', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n0\r\n\r\n'))
        await recorder.waitFor('POST /items/:id')

        const opened = { 'http.request.method': 'POST', 'url.scheme': servedOver().scheme }
        const points = (await recorder.metrics()).flatMap(({ descriptor, dataPoints }) =>
          dataPoints
            // Counters of open requests remain when others are over.
            .filter(({ attributes }) => isMatch(attributes, opened))
            .map(({ attributes, value }) => [
              descriptor.name,
              typeof value === 'object' && 'sum' in value ? value.sum : value,
              attributes,
            ]),
        )
        const finished = {
          ...opened,
          ...servedAttributes(),
          'http.route': '/items/:id',
          'http.response.status_code': 200,
          tenant: 'blue',
        }
        expect(points.toSorted(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
          ['http.server.active_requests', 0, opened],
          ['http.server.request.body.size', 3, finished],
          ['http.server.response.body.size', 7, finished],
        ])
      })
    },
  )
}
