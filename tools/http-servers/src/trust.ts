import { context, propagation } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { describe, expect, it } from '@jest/globals'
import { type HttpServerOptions } from '@spanwright/core/plugin'
import { withSpan } from '@spanwright/core'
import type { SpanRecorder } from '@spanwright/testing'

import type { PlainHandler, TracedFramework } from './framework.ts'
import { requestOf, serve } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'
import { expectSpans, metricsOf } from './span.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const OK = { name: 'GET /items/:id', attributes: { 'http.response.status_code': 200 } }

/** Answers with the baggage it finds. */
const answer: PlainHandler = (_req, res) => {
  res.end(`tenant=${propagation.getActiveBaggage()?.getEntry('tenant')?.value}`)
}

const beneath: PlainHandler = (_req, res) => withSpan('beneath', () => res.end('ok'))

/** Everything known about an answered request. */
async function leftBehind(recorder: SpanRecorder): Promise<unknown[]> {
  const metrics = await metricsOf(recorder)
  const points = metrics.flatMap(({ descriptor, dataPoints }) => dataPoints.map(() => descriptor.name))
  return [...recorder.spans(), ...recorder.open(), ...points]
}

/** Whether a request is traced, and in whose trace. */
export function testTrust(frameworks: readonly TracedFramework[]): void {
  const recorder = recordTests()

  describe.each(frameworks)('the client as forwarded to $name by a trusted proxy', ({ serving }) => {
    it.each([
      ['143.99.116.4', '143.99.116.4', undefined],
      ['143.99.116.4:58596', '143.99.116.4', 58_596],
      ['2001:db8::7', '2001:db8::7', undefined],
      ['[2001:db8::7]:4711', '2001:db8::7', 4711],
      ['[2001:db8::7]', '2001:db8::7', undefined],
      ['143.99.116.4:none', '143.99.116.4', undefined],
      ['unknown', '127.0.0.1', undefined],
      ['_hidden:4711', '127.0.0.1', undefined],
    ])('is its address and its port apart: %s', async (forwarded, address, port) => {
      await using server = await serve(serving((_req, res) => res.end('ok'), {}, { trustProxy: true }))
      await server.send(requestOf('GET /items/7', [`X-Forwarded-For: ${forwarded}`]))

      await expectSpans(recorder, {
        name: 'GET /items/:id',
        attributes: { 'http.response.status_code': 200, 'client.address': address, 'client.port': port },
      })
    })
  })

  describe.each(frameworks)('the option parent of $name', ({ serving }) => {
    /** What a request that comes with a context is answered, and its span. */
    async function ask(
      parent: HttpServerOptions<unknown>['parent'],
      flags = '01',
    ): Promise<[string, ReadableSpan]> {
      await using server = await serve(serving(answer, { parent }))
      const headers = [`Traceparent: 00-${TRACE}-${CALLER}-${flags}`, 'Baggage: tenant=blue']
      const received = await server.send(requestOf('GET /items/7', headers))
      return [received, await recorder.waitFor('GET /items/:id')]
    }

    it("'trust' continues the trace of the caller, with its baggage", async () => {
      const [received, span] = await ask('trust')

      expect(received).toContain('tenant=blue')
      expect(span.spanContext().traceId).toBe(TRACE)
      await expectSpans(recorder, { ...OK, parent: CALLER })
    })

    it("'trust' adopts the caller's decision not to sample", async () => {
      await using server = await serve(serving(answer))
      await server.send(requestOf('GET /items/7', [`Traceparent: 00-${TRACE}-${CALLER}-00`]))

      expect([...recorder.spans(), ...recorder.open()]).toEqual([])
    })

    it("'link' starts a trace that is linked to that of the caller, sampled or not, without its baggage", async () => {
      const [received, span] = await ask('link', '00')

      expect(received).toContain('tenant=undefined')
      expect(span.spanContext().traceId).not.toBe(TRACE)
      await expectSpans(recorder, { ...OK, links: [CALLER] })
    })

    it("'ignore' starts a trace, and takes nothing over", async () => {
      const [received, span] = await ask('ignore', '00')

      expect(received).toContain('tenant=undefined')
      expect(span.spanContext().traceId).not.toBe(TRACE)
      await expectSpans(recorder, OK)
    })

    it.each([
      ['throws', () => Promise.reject(new Error('no'))],
      [
        'throws at once',
        () => {
          throw new Error('no')
        },
      ],
      ['answers with something else', () => 'yes'],
      ["answers with 'ignore'", () => 'ignore'],
    ])('ignores the context when its function %s', async (_, parent) => {
      const [received] = await ask(parent as never)

      expect(received).toContain('tenant=undefined')
      await expectSpans(recorder, OK)
    })

    it('can be decided by each request', async () => {
      await ask(request => (typeof request === 'object' ? 'link' : 'trust'))

      await expectSpans(recorder, { ...OK, links: [CALLER] })
    })

    it('adds no link without an incoming context', async () => {
      await using server = await serve(serving(answer, { parent: 'link' }))
      await server.send(requestOf('GET /items/7'))

      await expectSpans(recorder, OK)
    })
  })

  describe.each(frameworks)('a request to $name that is not to be traced', ({ serving }) => {
    it('because it is ignored leaves nothing, not even of the work beneath', async () => {
      const app = serving(beneath, {
        ignore: ({ url }) => url.startsWith('/items/'),
        metrics: { activeRequests: true, bodySizes: true },
        layers: 'spans',
      })
      await using server = await serve(app)

      expect(await server.send(requestOf('GET /items/7'))).toMatch(/ 200 [^]*ok/)
      expect(await leftBehind(recorder)).toEqual([])
    })

    it('because tracing is suppressed leaves nothing', async () => {
      const app = serving(beneath, { metrics: { activeRequests: true, bodySizes: true }, layers: 'spans' })
      await using server = await serve((req, res) =>
        context.with(suppressTracing(context.active()), () => app(req, res)),
      )

      expect(await server.send(requestOf('GET /items/7'))).toMatch(/ 200 [^]*ok/)
      expect(await leftBehind(recorder)).toEqual([])
    })

    it('because its caller does not trace, and that is required, leaves nothing', async () => {
      await using server = await serve(serving(answer, { requireParent: true }))
      await server.send(requestOf('GET /items/7'))
      expect(await leftBehind(recorder)).toEqual([])
      await server.send(requestOf('GET /items/7', [`Traceparent: 00-${TRACE}-${CALLER}-01`]))

      await expectSpans(recorder, { ...OK, parent: CALLER })
    })
  })
}
