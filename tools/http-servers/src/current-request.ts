import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import {
  addEvent,
  recordRequestError,
  requestSpan,
  requestsInFlight,
  setRoute,
  withSpan,
} from '@spanwright/core'

import type { PlainHandler, TracedFramework } from './framework.ts'
import { requestOf, serve } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { expectSpans } from './span.ts'

const GET = requestOf('GET /items/7')
const OK = { name: 'GET /items/:id', attributes: { 'http.response.status_code': 200 } }
const RENAMED = {
  name: 'GET /shelves/:shelf',
  attributes: { 'http.response.status_code': 200, 'http.route': '/shelves/:shelf' },
}

/** The span of the request can be read, and its route set, from anywhere beneath it. */
export function testCurrentRequest(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)('requestSpan() beneath a request to $name', ({ serving }) => {
    it.each<[string, PlainHandler]>([
      [
        'in a handler',
        (_req, res) => {
          requestSpan()?.setAttribute('test.user', '7')
          res.end()
        },
      ],
      [
        'in another span',
        (_req, res) =>
          void withSpan('authenticate', async () => {
            await new Promise(setImmediate)
            withSpan('load user', () => requestSpan()?.setAttribute('test.user', '7'))
          }).then(() => res.end()),
      ],
      [
        'in a span of another trace',
        (_req, res) => {
          withSpan('elsewhere', () => requestSpan()?.setAttribute('test.user', '7'), { root: true })
          res.end()
        },
      ],
      [
        'in a listener for the close of the response',
        (_req, res) => {
          res.on('close', () => requestSpan()?.setAttribute('test.user', '7'))
          res.end()
        },
      ],
    ])('is its span %s', async (_, handler) => {
      await using server = await serve(serving(handler))
      await server.send(GET)

      const span = await recorder.waitFor({ kind: SpanKind.SERVER })
      expect(span.name).toBe('GET /items/:id')
      expect(span.attributes).toMatchObject({ 'test.user': '7', 'http.response.status_code': 200 })
      for (const other of recorder.spans()) {
        if (other !== span) expect(other.attributes).not.toHaveProperty('test.user')
      }
    })

    it('is undefined outside of the request, and once it is over', async () => {
      let inRequest = context.active()
      const app = serving((_req, res) => {
        inRequest = context.active()
        res.end()
      })
      await using server = await serve(app)
      await server.send(GET)
      await expectSpans(recorder, OK)

      expect(requestSpan()).toBeUndefined()
      expect(context.with(inRequest, requestSpan)).toBeUndefined()
      expect(() => context.with(inRequest, () => setRoute('/late'))).not.toThrow()
    })

    it('is undefined beneath a request that is ignored', async () => {
      const seen: unknown[] = []
      const app = serving(
        (_req, res) => {
          seen.push(requestSpan())
          setRoute('/nothing')
          res.end()
        },
        { ignore: () => true },
      )
      await using server = await serve(app)
      await server.send(GET)

      expect(seen).toEqual([undefined])
      expect(recorder.spans()).toEqual([])
    })

    it('is the span of another instrumentation where that has started it', async () => {
      const spans: (Span | undefined)[] = []
      const app = serving((_req, res) => {
        spans.push(requestSpan())
        setRoute('/shelves/:shelf')
        addEvent('handled')
        res.end()
      })
      await using server = await serve((req, res) => {
        const span = trace.getTracer('other').startSpan('GET', { kind: SpanKind.SERVER })
        spans.push(span)
        res.on('close', () => span.end())
        context.with(trace.setSpan(context.active(), span), () => app(req, res))
      })
      await server.send(GET)

      const span = await recorder.waitFor({ kind: SpanKind.SERVER })
      expect(recorder.spans()).toEqual([span])
      expect(spans[1]).toBe(spans[0])
      expect(span.name).toBe('GET /shelves/:shelf')
      expect(span.attributes).toMatchObject({ 'http.route': '/shelves/:shelf' })
      expect(span.events.map(({ name }) => name)).toEqual(['handled'])
    })
  })

  describe.each(frameworks)('setRoute() beneath a request to $name', ({ serving }) => {
    it('names the span, and takes precedence over the route of the framework', async () => {
      const routes: unknown[] = []
      const app = serving((_req, res) => {
        withSpan('dispatch', () => setRoute('/shelves/:shelf'))
        routes.push(requestsInFlight()[0]?.route)
        res.end()
      })
      await using server = await serve(app)
      await server.send(GET)
      await recorder.waitFor({ kind: SpanKind.SERVER })

      expect(routes).toEqual(['/shelves/:shelf'])
      expect(recorder.spans().filter(({ kind }) => kind === SpanKind.SERVER)).toMatchObject([
        { name: RENAMED.name, attributes: RENAMED.attributes },
      ])
    })

    it('applies after the response has begun, and the last call wins', async () => {
      const app = serving((_req, res) => {
        setRoute('/first')
        res.write('a')
        setRoute('/shelves/:shelf')
        res.end('b')
      })
      await using server = await serve(app)
      await server.send(GET)

      await expectSpans(recorder, RENAMED)
    })

    it("is ignored for a value that isn't a route", async () => {
      const app = serving((_req, res) => {
        setRoute('')
        setRoute(7 as never)
        res.end()
      })
      await using server = await serve(app)
      await server.send(GET)

      await expectSpans(recorder, OK)
    })
  })

  describe.each(frameworks)('recordRequestError() beneath a request to $name', ({ serving }) => {
    it.each<[number, string, object]>([
      [503, 'names the error of a failure', { 'error.type': 'OutOfStock', 'http.response.status_code': 503 }],
      [200, 'adds an event to a success', { 'http.response.status_code': 200 }],
    ])('with %d %s', async (status, _what, attributes) => {
      const app = serving((_req, res) => {
        withSpan('answer', () => recordRequestError(new OutOfStock('none left')))
        res.statusCode = status
        res.end()
      })
      await using server = await serve(app)
      await server.send(GET)

      const span = await recorder.waitFor({ kind: SpanKind.SERVER })
      expect(span.attributes).toMatchObject(attributes)
      expect('error.type' in span.attributes).toBe(status === 503)
      expect(span.status.code).toBe(status === 503 ? SpanStatusCode.ERROR : SpanStatusCode.UNSET)
      const types = span.events.map(event => event.attributes?.['exception.type'])
      expect(types).toEqual(['OutOfStock'])
      const [metric] = await recorder.metrics()
      expect(metric?.dataPoints[0]?.attributes['error.type']).toBe(status === 503 ? 'OutOfStock' : undefined)
    })

    it('does nothing for a mistake of the client, nor outside of a request', async () => {
      const app = serving((_req, res) => {
        recordRequestError(Object.assign(new OutOfStock('none left'), { status: 422 }))
        res.statusCode = 422
        res.end()
      })
      await using server = await serve(app)
      await server.send(GET)
      recordRequestError(new OutOfStock('none left'))

      const span = await recorder.waitFor({ kind: SpanKind.SERVER })
      expect(span).toMatchObject({ status: { code: SpanStatusCode.UNSET }, events: [] })
      expect(recorder.spans()).toEqual([span])
    })
  })
}

class OutOfStock extends Error {}
