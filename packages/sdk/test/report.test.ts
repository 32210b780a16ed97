import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { trace } from '@opentelemetry/api'
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

import { ratio, rules, startTracing } from '../src/index.ts'
import { collectDiag } from '@spanwright/test-kit'
import { type Endpoint, freePort, startEndpoint } from './endpoint.ts'
import { type Host, PATIENCE, startHost } from './host.ts'

let host: Host
let endpoint: Endpoint

beforeAll(async () => {
  host = await startHost()
  endpoint = await startEndpoint()
}, PATIENCE)

afterAll(async () => {
  await host[Symbol.asyncDispose]()
  await endpoint[Symbol.asyncDispose]()
})

describe('tracing.report()', () => {
  it('reports the set-up and the outcome of the spans', async () => {
    const { report, said } = await host.run({
      options: { serviceName: 'shop' },
      variables: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url },
      bursts: [{ spans: ['one', 'two'], flush: true }],
    })
    expect(report).toMatchObject({
      service: 'shop',
      sampler: 'parentBased(alwaysOn)',
      exporters: [`otlp http/protobuf ${endpoint.url}/v1/traces`],
      metrics: [],
      propagates: ['traceparent', 'tracestate', 'baggage'],
      counts: { started: 2, ended: 2, exporters: [{ exported: 2 }] },
      problems: [],
    })
    expect(said).toEqual([])
  })

  it('names an endpoint that refuses connections', async () => {
    const url = `http://user:secret@127.0.0.1:${await freePort()}/v1/traces?any=secret#secret`
    const { report, said } = await host.run({
      options: { exporter: { url, timeout: 300 } },
      bursts: [{ spans: ['one'], flush: true }],
    })
    expect(report.problems).toEqual([expect.stringMatching(/^otlp http\/protobuf failed: .*ECONNREFUSED/)])
    expect(report.exporters).toEqual([
      expect.stringMatching(/ http:\/\/REDACTED:REDACTED@127\.0\.0\.1:\d+\/v1\/traces\?…$/),
    ])
    expect(JSON.stringify([report, said])).not.toContain('secret')
  })

  it('reports that another SDK was registered first', async () => {
    const said = collectDiag()
    trace.setGlobalTracerProvider(new TracerProvider())
    const tracing = startTracing({ exporter: 'none', flushOnExit: false })
    const { problems } = tracing.report()
    await tracing.shutdown()
    trace.disable()
    said.stop()
    expect(problems).toEqual([expect.stringContaining('another SDK is registered')])
  })

  it('names the options that make spans more expensive than their bytes', async () => {
    const { report } = await host.run({
      options: { exporter: ['otlp', 'console'] },
      variables: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url },
      bursts: [],
    })
    expect(report.slowedBy).toEqual(['console needs spans as objects: they are kept until they are exported'])
    const sampler = rules([{ name: 'x', sample: 'drop' }])
    const spanProcessors = [new SimpleSpanProcessor({ exporter: new InMemorySpanExporter() })]
    const tracing = startTracing({ exporter: 'none', sampler, spanProcessors, flushOnExit: false })
    expect(tracing.report().slowedBy).toEqual([
      'SimpleSpanProcessor is called for every span, which stays an object',
      'parentBased(rules(1)) is shown the attributes of every new trace',
    ])
    await tracing.shutdown()
  })

  it('shows the composition of samplers', async () => {
    const sampler = rules([{ name: 'x', sample: 'drop' }], ratio(0.1))
    const tracing = startTracing({ exporter: 'none', sampler, flushOnExit: false })
    expect(tracing.report().sampler).toBe('parentBased(rules(1))')
    await tracing.shutdown()
    const other = startTracing({ exporter: 'none', sampler: ratio(0.1), flushOnExit: false })
    expect(other.report().sampler).toBe('parentBased(ratio(0.1))')
    await other.shutdown()
  })
})
