import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Link, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { startTracing, type StartTracingOptions } from '../src/index.ts'
import { collect } from './collector.ts'
import { collectDiag } from '@spanwright/test-kit'
import { type Endpoint, startEndpoint } from './endpoint.ts'
import { type Answer } from './host.ts'
import { useHost } from './use-host.ts'

const host = useHost()
let endpoint: Endpoint

beforeEach(async () => {
  endpoint = await startEndpoint()
})

afterEach(async () => {
  await endpoint[Symbol.asyncDispose]()
})

const FIVE = [{ spans: ['1', '2', '3', '4', '5'] }]

function traceFive(
  variables: Readonly<Record<string, string>>,
  options: StartTracingOptions = {},
): Promise<Answer> {
  return host.run({
    options,
    bursts: FIVE,
    variables: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      ...variables,
    },
  })
}

describe('OTEL_TRACES_EXPORTER', () => {
  it.each([
    ['none', []],
    ['otlp', ['otlp http/json']],
    ['console, otlp,console', ['console', 'otlp http/json']],
    ['', ['otlp http/json']],
  ])('set to %j selects exporters', async (value, names) => {
    const { counts, said } = await traceFive({ OTEL_TRACES_EXPORTER: value })
    expect(counts.exporters.map(({ name }) => name)).toEqual(names)
    expect(said).toEqual([])
  })
})

describe('OTEL_EXPORTER_OTLP_*', () => {
  it('set where and how spans are sent; those for traces have precedence', async () => {
    await traceFive({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint.url}/mine`,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-all=1,x-key=all',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-key=traces%20only',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    })
    expect(endpoint.arrivals).toMatchObject([
      {
        path: '/mine',
        headers: {
          'content-type': 'application/x-protobuf',
          'content-encoding': 'gzip',
          'x-all': '1',
          'x-key': 'traces only',
        },
      },
    ])
  })

  it('set how long a batch may take, unless an option does', async () => {
    await using silent = await startEndpoint(() => {})
    const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: silent.url, OTEL_EXPORTER_OTLP_TIMEOUT: '200' }
    const { counts } = await traceFive(variables)
    expect(counts.exporters).toMatchObject([{ dropped: { failed: 5, shutDown: 0 } }])
    const options = { exporter: { timeout: 60_000 }, flushTimeout: '300ms' } as const
    const { counts: patient } = await traceFive(variables, options)
    expect(patient.exporters).toMatchObject([{ dropped: { failed: 0, shutDown: 5 } }])
  })
})

describe('OTEL_BSP_*', () => {
  it('limit the queue and the batches, unless options do', async () => {
    const variables = { OTEL_BSP_MAX_QUEUE_SIZE: '3', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2' }
    const { counts } = await traceFive(variables)
    expect(counts.exporters).toMatchObject([{ exported: 3, dropped: { queueFull: 2 } }])
    expect(endpoint.arrivals).toHaveLength(2)
    const { counts: larger } = await traceFive(variables, { batch: { maxQueueSize: 4, maxBatchSize: 1 } })
    expect(larger.exporters).toMatchObject([{ exported: 4, dropped: { queueFull: 1 } }])
    expect(endpoint.arrivals).toHaveLength(2 + 4)
  })

  it('set the time after which spans are sent even when no batch is full', async () => {
    const variables = {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '20',
    }
    const { counts } = await host.run({ variables, bursts: FIVE }, () => endpoint.arrived(1))
    expect(counts.exporters).toMatchObject([{ exported: 5 }])
  })

  it('set no time limit with 0, for exporters of any kind', async () => {
    const { exporter, names } = collect()
    const slow: typeof exporter = {
      export: (spans, done) => void setTimeout(() => exporter.export(spans, done), 50),
      shutdown: () => exporter.shutdown(),
    }
    process.env['OTEL_BSP_EXPORT_TIMEOUT'] = '0'
    const tracing = startTracing({ exporter: slow, flushOnExit: false })
    delete process.env['OTEL_BSP_EXPORT_TIMEOUT']
    trace.getTracer('test').startSpan('one').end()
    await tracing.shutdown()
    expect(names).toEqual(['one'])
    expect(tracing.counts().exporters).toMatchObject([{ exported: 1 }])
  })

  it('set the time after which an export has failed', async () => {
    await using silent = await startEndpoint(() => {})
    const { counts } = await traceFive({
      OTEL_EXPORTER_OTLP_ENDPOINT: silent.url,
      OTEL_BSP_EXPORT_TIMEOUT: '200',
    })
    expect(counts.exporters).toMatchObject([{ dropped: { failed: 5 }, lastError: 'no answer within 200 ms' }])
  })
})

describe('an invalid variable', () => {
  it.each([
    ['OTEL_TRACES_EXPORTER', 'zipkin'],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'pigeon'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', 'soon'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '-5'],
    ['OTEL_EXPORTER_OTLP_COMPRESSION', 'zip'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '0'],
    ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 'x'],
    ['OTEL_BSP_SCHEDULE_DELAY', '-1'],
    ['OTEL_BSP_EXPORT_TIMEOUT', '1.5'],
    ['OTEL_TRACES_SAMPLER', 'sometimes'],
    ['OTEL_PROPAGATORS', 'xray'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'a=%'],
    ['OTEL_SDK_DISABLED', 'yes'],
    ['OTEL_ATTRIBUTE_COUNT_LIMIT', 'x'],
    ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', '-1'],
    ['OTEL_SPAN_LINK_COUNT_LIMIT', ''.padEnd(3, 'x')],
    ['OTEL_TRACES_EXPORTER', 'none,otlp'],
    ['OTEL_BSP_SCHEDULE_DELAY', '2147483648'],
    ['OTEL_BSP_EXPORT_TIMEOUT', '2147483648'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '2147483648'],
  ])('is replaced by the default, with one warning: %s=%s', async (name, value) => {
    const { counts, report, said } = await traceFive({ [name]: value })
    expect(said).toEqual([expect.stringContaining(name)])
    expect(counts.exporters).toMatchObject([{ exported: 5 }])
    expect(report).toMatchObject({
      sampler: 'parentBased(alwaysOn)',
      propagates: ['traceparent', 'tracestate', 'baggage'],
      metrics: [],
    })
  })

  it('is replaced by the general one when it is OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', async () => {
    const { counts, report, said } = await traceFive({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'nowhere' })
    expect(said).toEqual([expect.stringContaining('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must be a URL')])
    expect(report.exporters).toEqual([`otlp http/json ${endpoint.url}/v1/traces`])
    expect(counts.exporters).toMatchObject([{ exported: 5 }])
  })

  it('is replaced by the default when it is OTEL_TRACES_SAMPLER_ARG', async () => {
    const variables = { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' }
    const { said, report } = await traceFive(variables)
    expect(said).toEqual([expect.stringContaining('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1')])
    expect(report.sampler).toBe('ratio(1)')
  })
})

describe('OTEL_PROPAGATORS', () => {
  it.each([
    ['none', []],
    ['b3', ['b3']],
    ['b3multi,baggage', ['x-b3-traceid', 'x-b3-spanid', 'x-b3-flags', 'x-b3-sampled', 'baggage']],
    ['jaeger,tracecontext', ['uber-trace-id', 'traceparent', 'tracestate']],
  ])('set to %s writes %j, unless an option is set', async (value, fields) => {
    process.env['OTEL_PROPAGATORS'] = value
    const tracing = startTracing({ exporter: 'none', flushOnExit: false })
    expect(propagation.fields()).toEqual(fields)
    await tracing.shutdown()
    const other = startTracing({ exporter: 'none', propagators: ['baggage'], flushOnExit: false })
    delete process.env['OTEL_PROPAGATORS']
    expect(propagation.fields()).toEqual(['baggage'])
    await other.shutdown()
  })
})

describe('the limits of spans', () => {
  const link: Link = {
    context: { traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 },
    attributes: { 'test.a': 1, 'test.b': 2 },
  }

  async function spanWithin(
    variables: Readonly<Record<string, string>>,
    options: StartTracingOptions = {},
  ): Promise<ReadableSpan | undefined> {
    const { exporter, spans } = collect()
    Object.assign(process.env, variables)
    const tracing = startTracing({ exporter, flushOnExit: false, ...options })
    for (const name of Object.keys(variables)) delete process.env[name]
    const attributes = { 'test.a': 'long text', 'test.b': 'long text' }
    const span = trace.getTracer('test').startSpan('one', { attributes, links: [link, link] }, ROOT_CONTEXT)
    for (const name of ['first', 'second']) span.addEvent(name, { 'test.a': 1, 'test.b': 2 })
    span.end()
    await tracing.shutdown()
    return spans[0]
  }

  it.each<[variable: string, measure: (span: ReadableSpan) => number, otherwise: number]>([
    ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', span => Object.keys(span.attributes).length, 2],
    ['OTEL_ATTRIBUTE_COUNT_LIMIT', span => Object.keys(span.attributes).length, 2],
    ['OTEL_ATTRIBUTE_COUNT_LIMIT', span => Object.keys(span.events[0]?.attributes ?? {}).length, 2],
    ['OTEL_ATTRIBUTE_COUNT_LIMIT', span => Object.keys(span.links[0]?.attributes ?? {}).length, 2],
    ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', span => String(span.attributes['test.a']).length, 9],
    ['OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT', span => String(span.attributes['test.a']).length, 9],
    ['OTEL_SPAN_EVENT_COUNT_LIMIT', span => span.events.length, 2],
    ['OTEL_SPAN_LINK_COUNT_LIMIT', span => span.links.length, 2],
    ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', span => Object.keys(span.events[0]?.attributes ?? {}).length, 2],
    ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', span => Object.keys(span.links[0]?.attributes ?? {}).length, 2],
  ])('%s', async (variable, measure, otherwise) => {
    const limited = await spanWithin({ [variable]: '1' })
    const plain = await spanWithin({})
    expect([limited, plain].map(span => span && measure(span))).toEqual([1, otherwise])
    const spanLimits = {
      attributeCountLimit: 100,
      attributeValueLengthLimit: 100,
      eventCountLimit: 100,
      linkCountLimit: 100,
      attributePerEventCountLimit: 100,
      attributePerLinkCountLimit: 100,
    }
    const wide = await spanWithin({ [variable]: '1' }, { spanLimits })
    expect(wide && measure(wide)).toBe(otherwise)
  })

  it('can be 0, and log nothing for each span', async () => {
    const said = collectDiag()
    const span = await spanWithin({
      OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '0',
      OTEL_SPAN_EVENT_COUNT_LIMIT: '0',
      OTEL_SPAN_LINK_COUNT_LIMIT: '0',
    })
    said.stop()
    expect(span).toMatchObject({
      attributes: { 'test.a': '', 'test.b': '' },
      events: [],
      droppedEventsCount: 2,
      links: [],
      droppedLinksCount: 2,
    })
    expect(said.lines).toEqual([])
  })
})
