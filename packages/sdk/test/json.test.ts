import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Attributes, context, metrics, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api'
import { isTracingSuppressed } from '@opentelemetry/core'

import { startTracing, type Tracing } from '../src/index.ts'
import { type Endpoint, startEndpoint } from './endpoint.ts'

let endpoint: Endpoint
let tracing: Tracing

beforeEach(async () => {
  endpoint = await startEndpoint()
  tracing = startTracing({
    exporter: { protocol: 'http/json', url: `${endpoint.url}/v1/traces` },
    metrics: { protocol: 'http/json', url: `${endpoint.url}/v1/metrics` },
    flushOnExit: false,
  })
})

afterEach(async () => {
  await tracing.shutdown()
  await endpoint[Symbol.asyncDispose]()
})

function bodyOf(path: string): unknown {
  return JSON.parse(endpoint.arrivals.find(arrival => arrival.path === path)?.body.toString() ?? '{}')
}

describe('OTLP in JSON', () => {
  it('writes every value according to its mapping, and no value makes a batch fail', async () => {
    const attributes: Attributes = {
      'test.nan': Number.NaN,
      'test.infinity': Infinity,
      'test.minus': -Infinity,
      'test.huge': 2 ** 70,
      'test.large': Number.MAX_SAFE_INTEGER,
      'test.negative': -5,
      'test.fraction': 0.1,
      'test.flag': false,
      'test.text': 'ü \u{1F600} "quoted"',
      'test.list': [1, 2],
      'test.empty': [],
      // Allowed since API 1.10.
      ...({ 'test.nested': { key: [new Uint8Array([251, 255]), null, 1.5] }, 'test.null': null } as object),
    }
    const span = trace.getTracer('test', '1').startSpan('one', {
      attributes,
      links: [
        { context: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: TraceFlags.SAMPLED } },
      ],
    })
    span.addEvent('event', { 'test.nan': Number.NaN }, 1_700_000_000_123)
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' }).end()
    await tracing.forceFlush()
    expect(tracing.counts().exporters).toMatchObject([{ exported: 1 }])
    const { traceId, spanId } = span.spanContext()
    expect(bodyOf('/v1/traces')).toMatchObject({
      resourceSpans: [
        {
          scopeSpans: [
            {
              scope: { name: 'test', version: '1' },
              spans: [
                {
                  traceId,
                  spanId,
                  name: 'one',
                  kind: 1,
                  startTimeUnixNano: expect.stringMatching(/^\d{19}$/),
                  endTimeUnixNano: expect.stringMatching(/^\d{19}$/),
                  status: { code: 2, message: 'broken' },
                  links: [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }],
                  events: [
                    {
                      name: 'event',
                      timeUnixNano: '1700000000123000000',
                      attributes: [{ key: 'test.nan', value: { doubleValue: 'NaN' } }],
                    },
                  ],
                  attributes: [
                    { key: 'test.nan', value: { doubleValue: 'NaN' } },
                    { key: 'test.infinity', value: { doubleValue: 'Infinity' } },
                    { key: 'test.minus', value: { doubleValue: '-Infinity' } },
                    { key: 'test.huge', value: { doubleValue: 2 ** 70 } },
                    { key: 'test.large', value: { intValue: Number.MAX_SAFE_INTEGER } },
                    { key: 'test.negative', value: { intValue: -5 } },
                    { key: 'test.fraction', value: { doubleValue: 0.1 } },
                    { key: 'test.flag', value: { boolValue: false } },
                    { key: 'test.text', value: { stringValue: 'ü \u{1F600} "quoted"' } },
                    {
                      key: 'test.list',
                      value: { arrayValue: { values: [{ intValue: 1 }, { intValue: 2 }] } },
                    },
                    { key: 'test.empty', value: { arrayValue: {} } },
                    {
                      key: 'test.nested',
                      value: {
                        kvlistValue: {
                          values: [
                            {
                              key: 'key',
                              value: {
                                arrayValue: { values: [{ bytesValue: '+/8=' }, {}, { doubleValue: 1.5 }] },
                              },
                            },
                          ],
                        },
                      },
                    },
                    { key: 'test.null', value: {} },
                  ],
                },
              ],
            },
          ],
        },
      ],
    })
  })

  it('writes the values of metrics in the same way', async () => {
    metrics.getMeter('shop').createGauge('shop.ratio').record(Number.NaN)
    metrics.getMeter('shop').createHistogram('shop.time').record(Infinity)
    await tracing.forceFlush()
    const all = JSON.stringify(bodyOf('/v1/metrics'))
    expect(all).toContain('"name":"shop.ratio","gauge":{"dataPoints":[{')
    expect(all).toContain('"asDouble":"NaN"')
    expect(all).toContain('"max":"Infinity"')
  })
})

describe('requests of an exporter', () => {
  it('are not traced, even when a request of the app triggered them', async () => {
    const suppressed: boolean[] = []
    const look = (): number => suppressed.push(isTracingSuppressed(context.active()))
    subscribe('http.client.request.start', look)
    const tracer = trace.getTracer('test')
    await tracer.startActiveSpan('request', async span => {
      span.end()
      await tracing.forceFlush()
    })
    unsubscribe('http.client.request.start', look)
    expect(suppressed.length).toBeGreaterThan(0)
    expect(suppressed).not.toContain(false)
  })
})
