import { afterEach, describe, expect, it } from '@jest/globals'
import { propagation, ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api'

import {
  alwaysOff,
  perSecond,
  ratio,
  rules,
  startTracing,
  type StartTracingOptions,
  type Tracing,
} from '../src/index.ts'
import { collect } from './collector.ts'

const T = '12345678901234567890123456789012'
const P = '1234567890123456'
const SAMPLED = { traceparent: `00-${T}-${P}-01` }
const UNSAMPLED = { traceparent: `00-${T}-${P}-00` }

let tracing: Tracing | undefined
afterEach(() => tracing?.shutdown())

function start(options: StartTracingOptions): void {
  tracing = startTracing({ exporter: 'none', flushOnExit: false, ...options })
}

/** The span of a request with the given headers. */
function serve(headers: Record<string, string>, path = '/'): Span {
  const incoming = propagation.extract(ROOT_CONTEXT, headers)
  const attributes = { 'url.path': path }
  return trace.getTracer('test').startSpan(`GET ${path}`, { kind: SpanKind.SERVER, attributes }, incoming)
}

const DROP_HEALTH = rules([{ attributes: { 'url.path': '/health' }, sample: 'drop' }])

describe('a parent of another process', () => {
  it('decides by default', () => {
    start({ sampler: DROP_HEALTH })
    expect(serve(SAMPLED, '/health').isRecording()).toBe(true)
    expect(serve(UNSAMPLED).isRecording()).toBe(false)
  })

  describe('with resample', () => {
    it('does not bypass rules, and its trace continues', () => {
      start({ sampler: DROP_HEALTH, remoteParents: 'resample' })
      expect(serve(SAMPLED, '/health').isRecording()).toBe(false)
      for (const headers of [SAMPLED, UNSAMPLED]) {
        const span = serve(headers)
        expect(span.isRecording()).toBe(true)
        expect(span.spanContext()).toMatchObject({ traceId: T, traceFlags: 1 })
        expect(span).toHaveProperty('parentSpanContext.spanId', P)
      }
      expect(tracing?.report().sampler).toBe('parentBased(rules(1)), remote parents resampled')
    })

    it('does not bypass a limit, alone or in a rule', async () => {
      for (const sampler of [perSecond(0.001), rules([{ kind: 'server', sample: perSecond(0.001) }])]) {
        start({ sampler, remoteParents: 'resample' })
        expect([1, 2, 3].map(() => serve(SAMPLED).isRecording())).toEqual([true, false, false])
        await tracing?.shutdown()
      }
    })

    it('does not bypass a sampler from the environment', () => {
      process.env['OTEL_TRACES_SAMPLER'] = 'parentbased_always_off'
      try {
        start({ remoteParents: 'resample' })
      } finally {
        delete process.env['OTEL_TRACES_SAMPLER']
      }
      expect(serve(SAMPLED).isRecording()).toBe(false)
    })

    it('is ignored when it only says not to sample', () => {
      start({ sampler: ratio(1), remoteParents: 'resample', propagators: ['b3'] })
      expect(serve({ b3: '0' }).isRecording()).toBe(true)
    })

    it('keeps its tracestate next to the threshold of the share', () => {
      start({ sampler: ratio(1), remoteParents: 'resample' })
      const state = serve({ ...SAMPLED, tracestate: 'foo=1,ot=rv:00000000000000' }).spanContext().traceState
      expect(state?.serialize()).toBe('ot=th:0;rv:00000000000000,foo=1')
    })

    it('waits for the route where a rule needs one', async () => {
      const { exporter, spans } = collect()
      const byRoute = rules([{ attributes: { 'http.route': '/health' }, sample: 'drop' }])
      start({ exporter, sampler: byRoute, remoteParents: 'resample' })
      serve(SAMPLED).setAttribute('http.route', '/health').end()
      serve(UNSAMPLED).setAttribute('http.route', '/items').end()
      await tracing?.shutdown()
      expect(spans.map(({ attributes }) => attributes['http.route'])).toEqual(['/items'])
    })

    it('does not replace the decision of parents in this process', () => {
      start({ sampler: DROP_HEALTH, remoteParents: 'resample' })
      const tracer = trace.getTracer('test')
      const options = { attributes: { 'url.path': '/health' } }
      const kept = trace.setSpan(ROOT_CONTEXT, serve(SAMPLED))
      expect(tracer.startSpan('child', options, kept).isRecording()).toBe(true)
      const dropped = trace.setSpan(ROOT_CONTEXT, serve(SAMPLED, '/health'))
      expect(tracer.startSpan('child', {}, dropped).isRecording()).toBe(false)
    })

    it('changes nothing about samplers that follow no parent', () => {
      start({ sampler: alwaysOff(), remoteParents: 'resample' })
      expect(serve(SAMPLED).isRecording()).toBe(false)
      expect(tracing?.report().sampler).toBe('alwaysOff')
    })
  })

  it('is followed or resampled, and nothing else', () => {
    expect(() => startTracing({ remoteParents: 'ignore' } as never)).toThrow(
      "startTracing(): option remoteParents must be 'follow', 'resample'; got 'ignore'",
    )
  })

  it('does not bypass a limit of keep', async () => {
    const { exporter, spans } = collect()
    start({ exporter, keep: { rules: [{ kind: 'server', sample: perSecond(0.001) }] } })
    for (const path of ['/1', '/2', '/3']) serve(SAMPLED, path).end()
    await tracing?.shutdown()
    expect(spans.map(({ name }) => name)).toEqual(['GET /1'])
  })
})
