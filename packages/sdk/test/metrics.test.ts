import { createServer } from 'node:http'

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { type Attributes, metrics, SpanStatusCode, trace } from '@opentelemetry/api'
import { type MetricData, MetricReader } from '@opentelemetry/sdk-metrics'
import { recordSpans } from '@spanwright/testing'

import { rules, startTracing, type StartTracingOptions } from '../src/index.ts'
import { collect } from './collector.ts'
import { collectDiag, listen } from '@spanwright/test-kit'
import { type Endpoint, freePort, startEndpoint } from './endpoint.ts'
import { type Answer, PATIENCE, startHost } from './host.ts'
import { useHost } from './use-host.ts'

const PROMETHEUS = '@opentelemetry/exporter-prometheus'
const SDK = '@opentelemetry/sdk-metrics'

const host = useHost()
let endpoint: Endpoint

beforeEach(async () => {
  endpoint = await startEndpoint()
})

afterEach(async () => {
  await endpoint[Symbol.asyncDispose]()
})

function traceOnce(
  options: StartTracingOptions,
  variables: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return host.run({
    options,
    variables: { OTEL_METRICS_EXPORTER: '', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, ...variables },
  })
}

function metricRequests(
  path = '/v1/metrics',
): readonly { readonly body: Buffer; readonly headers: object }[] {
  return endpoint.arrivals.filter(arrival => arrival.path === path)
}

describe('metrics over OTLP', () => {
  it('are sent no later than at shutdown, with the outcome of the spans', async () => {
    const { said, report } = await traceOnce({ serviceName: 'shop', metrics: true })
    const [request, ...others] = metricRequests()
    expect(others).toEqual([])
    for (const text of ['spanwright.spans', 'spanwright.span.outcome', 'exported', 'shop']) {
      expect(request?.body.includes(text)).toBe(true)
    }
    expect(report.metrics).toEqual([`otlp http/protobuf ${endpoint.url}/v1/metrics`])
    expect(said).toEqual([])
  })

  it.each(['otlp', {}] as const)('follow the variables for metrics: %j', async choice => {
    await traceOnce(
      { metrics: choice },
      {
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${endpoint.url}/elsewhere`,
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
        OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-key=variable',
      },
    )
    expect(metricRequests('/elsewhere')).toMatchObject([
      { headers: { 'content-type': 'application/json', 'x-key': 'variable' } },
    ])
  })

  it('are sent to the endpoint and at the interval in the options, even when variables differ', async () => {
    await traceOnce(
      {
        metrics: [
          'none',
          {
            protocol: 'http/json',
            url: `${endpoint.url}/code`,
            headers: { 'x-key': 'code' },
            interval: '1m',
          },
        ],
      },
      {
        OTEL_METRICS_EXPORTER: 'console',
        OTEL_METRIC_EXPORT_INTERVAL: '1',
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/protobuf',
        OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-key=variable',
      },
    )
    expect(metricRequests('/code')).toMatchObject([
      { headers: { 'content-type': 'application/json', 'x-key': 'code' } },
    ])
  })

  it('are sent repeatedly', async () => {
    const variables = {
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_METRIC_EXPORT_INTERVAL: '20',
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url,
    }
    const { report } = await host.run({ options: { metrics: true, exporter: 'none' }, variables }, () =>
      endpoint.arrived(3),
    )
    expect(report.problems).toEqual([])
  })

  it.each<[metrics: StartTracingOptions['metrics'], variable: string, requests: number]>([
    [undefined, '', 1],
    [undefined, 'otlp', 1],
    [undefined, 'none', 0],
    [true, '', 1],
    [true, 'none', 0],
    [false, 'otlp', 0],
    ['none', 'otlp', 0],
    ['otlp', 'none', 1],
  ])(
    'with option %p and OTEL_METRICS_EXPORTER=%s are sent in %i requests',
    async (choice, variable, requests) => {
      await traceOnce(choice === undefined ? {} : { metrics: choice }, { OTEL_METRICS_EXPORTER: variable })
      expect(metricRequests()).toHaveLength(requests)
    },
  )

  it('that an endpoint refuses are a problem in the report, and logged once without a stack', async () => {
    const url = `http://127.0.0.1:${await freePort()}/v1/metrics`
    const { report, said } = await host.run({
      options: { metrics: { url }, exporter: 'none' },
      bursts: [
        { spans: ['one'], flush: true },
        { spans: ['two'], flush: true },
      ],
    })
    expect(report.problems).toEqual([
      expect.stringMatching(/^metrics to otlp http\/protobuf .* failed: connect ECONNREFUSED/),
    ])
    expect(said).toEqual([
      expect.stringMatching(
        /^warn: spanwright: 3 exports of metrics to .* \(option metrics\.url\) failed; last error: connect ECONNREFUSED [\d.:]+$/,
      ),
    ])
  })

  it('warn once about each invalid variable', async () => {
    const variables = {
      OTEL_METRICS_EXPORTER: 'otlp,statsd',
      OTEL_METRIC_EXPORT_INTERVAL: '-1',
      OTEL_METRIC_EXPORT_TIMEOUT: 'soon',
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'carrier-pigeon',
    }
    const { said } = await traceOnce({}, variables)
    for (const name of Object.keys(variables)) {
      expect(said.filter(line => line.startsWith(`warn: spanwright: ${name} must be`))).toHaveLength(1)
    }
    expect(said).toHaveLength(Object.keys(variables).length)
    expect(metricRequests()).toHaveLength(1)
  })
})

describe('metrics for Prometheus', () => {
  it.each([
    ['options', { host: '127.0.0.1' }, {}],
    ['variables', {}, { OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1' }],
    ['defaults', {}, {}],
  ])(
    'are served until shutdown at the address set by %s',
    async (_source, options, variables: Record<string, string>) => {
      const port = await freePort()
      Object.assign(process.env, variables, { OTEL_EXPORTER_PROMETHEUS_PORT: String(port) })
      const tracing = startTracing({
        serviceName: 'shop',
        exporter: 'none',
        metrics:
          Object.keys(options).length > 0 ? { protocol: 'prometheus', port, ...options } : 'prometheus',
        flushOnExit: false,
      })
      for (const name of ['OTEL_EXPORTER_PROMETHEUS_PORT', ...Object.keys(variables)])
        delete process.env[name]
      const url = `http://127.0.0.1:${port}/metrics`
      expect(tracing.report().metrics).toEqual([`prometheus ${url}`])
      metrics.getMeter('test').createCounter('test.visits').add(3, { 'test.page': '/' })
      trace.getTracer('test').startSpan('one').end()
      const response = await fetch(url)
      expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
      const text = await response.text()
      expect(text).toMatch(/^test_visits_total\{test_page="\/".*\} 3$/m)
      expect(text).toMatch(/^spanwright_spans_total\{spanwright_span_outcome="unsampled".*\} 0$/m)
      expect(text).toMatch(/^target_info\{.*service_name="shop"/m)
      expect((await fetch(`${url}/more`)).status).toBe(404)
      await tracing.shutdown()
      await expect(fetch(url)).rejects.toThrow('fetch failed')
    },
  )

  it('are served together with others, under a custom path', async () => {
    const port = await freePort()
    const choices = [{ protocol: 'prometheus', port, path: '/prom' } as const, 'none'] as const
    const tracing = startTracing({ exporter: 'none', metrics: choices, flushOnExit: false })
    expect((await fetch(`http://127.0.0.1:${port}/prom`)).status).toBe(200)
    await tracing.shutdown()
  })

  it('do not affect the app when their port is in use, and report it', async () => {
    const other = createServer()
    const port = await listen(other)
    const { report, said, counts } = await host.run({
      options: { exporter: 'none', metrics: { protocol: 'prometheus', port } },
      bursts: [{ spans: ['one'], flush: true }],
    })
    other.close()
    const place = `http://127.0.0.1:${port}/metrics`
    expect(counts.started).toBe(1)
    expect(said).toEqual([
      `error: spanwright: metrics cannot be fetched from ${place}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
    ])
    expect(report.problems).toEqual([
      expect.stringContaining(`metrics to prometheus ${place} failed: listen EADDRINUSE`),
    ])
  })

  it(
    'need a package, without which an option is refused and a variable ignored',
    async () => {
      await using bare = await startHost([PROMETHEUS])
      const { refused } = await bare.run({ options: { metrics: 'prometheus' } })
      expect(refused).toBe(
        `TypeError: startTracing(): metrics 'prometheus' needs the package ${PROMETHEUS}; install it in the app`,
      )
      const { said, report } = await bare.run({
        variables: { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url },
      })
      expect(report.metrics).toEqual([])
      expect(said).toEqual([
        expect.stringMatching(
          /^warn: .*needs the package .*; OTEL_METRICS_EXPORTER goes without prometheus$/,
        ),
      ])
    },
    PATIENCE,
  )
})

describe("OpenTelemetry's package for metrics", () => {
  it(
    'is not needed for metrics of plugins, and a warning says that those of the app need it',
    async () => {
      await using bare = await startHost([SDK])
      const variables = { OTEL_METRICS_EXPORTER: '', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url }
      const { said } = await bare.run({ variables, counter: 'app.visits' })
      expect(said).toEqual([
        `warn: spanwright: instruments of the app are not exported TypeError: startTracing(): an instrument of app needs the package ${SDK}; install it in the app`,
      ])
      const [request] = metricRequests()
      expect(request?.body.includes('spanwright.spans')).toBe(true)
      expect(request?.body.includes('app.visits')).toBe(false)
      const exponential = {
        ...variables,
        OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'base2_exponential_bucket_histogram',
      }
      expect((await bare.run({ variables: exponential })).said).toEqual([
        expect.stringMatching(
          /^warn: spanwright: .*exponential histograms needs the package .*; explicit buckets are used/,
        ),
      ])
    },
    PATIENCE,
  )

  it(
    'exports both when it is installed',
    async () => {
      const { said } = await host.run({
        variables: { OTEL_METRICS_EXPORTER: '', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url },
        counter: 'app.visits',
      })
      expect(said).toEqual([])
      const [request] = metricRequests()
      for (const text of ['spanwright.spans', 'app.visits']) expect(request?.body.includes(text)).toBe(true)
    },
    PATIENCE,
  )
})

describe('the metrics about tracing itself', () => {
  it('are the counts, read by the current provider until tracing ends', async () => {
    const said = collectDiag()
    const recorder = recordSpans()
    metrics.setGlobalMeterProvider(recorder.meterProvider)
    const { exporter } = collect()
    const tracing = startTracing({
      exporter,
      batch: { maxQueueSize: 3 },
      keep: { errors: true, otherwise: 1 },
      sampler: rules([{ name: 'unwanted', sample: 'drop' }]),
      flushOnExit: false,
    })
    const tracer = trace.getTracer('test')
    for (const name of ['one', 'two', 'three', 'four', 'unwanted']) tracer.startSpan(name).end()
    tracer.startSpan('bad').setStatus({ code: SpanStatusCode.ERROR }).end()

    const [spans, traces, ...others] = await recorder.metrics()
    expect(others).toEqual([])
    expect(spans).toMatchObject({
      descriptor: { name: 'spanwright.spans', unit: '{span}', type: 'OBSERVABLE_COUNTER' },
    })
    const outcome = (value: string, name?: string): Attributes => ({
      'spanwright.span.outcome': value,
      ...(name !== undefined && { 'spanwright.exporter': name }),
    })
    const ends = (name: string): [number, Attributes][] => [
      [0, outcome('exported', name)],
      [2, outcome('queue_full', name)],
      [0, outcome('failed', name)],
      [0, outcome('shut_down', name)],
    ]
    expect(pointsOf(spans)).toEqual([
      [1, outcome('unsampled')],
      [0, outcome('sampled_out')],
      ...ends('Object'),
    ])
    expect(traces).toMatchObject({
      descriptor: { name: 'spanwright.local_traces', unit: '{trace}', type: 'OBSERVABLE_COUNTER' },
    })
    const kept = (reason: string): Attributes => ({
      'spanwright.keep.decision': 'kept',
      'spanwright.keep.reason': reason,
    })
    expect(pointsOf(traces)).toEqual([
      [0, { 'spanwright.keep.decision': 'dropped' }],
      [1, kept('error')],
      [0, kept('slow')],
      [0, kept('rule')],
      [4, kept('random')],
    ])
    await tracing.shutdown()
    await recorder.reset()
    expect(await recorder.metrics()).toEqual([])
    metrics.disable()
    await recorder.stop()
    said.stop()
  })
})

function pointsOf(metric: MetricData | undefined): [number, Attributes][] {
  return (metric?.dataPoints ?? []).map(({ value, attributes }) => [value as number, attributes])
}

describe('metrics', () => {
  it('are printed on the console', async () => {
    const printed = jest.spyOn(console, 'dir').mockImplementation(() => {})
    const tracing = startTracing({ exporter: 'none', metrics: 'console', flushOnExit: false })
    await tracing.shutdown()
    const names = printed.mock.calls.map(
      ([item]) => (item as { descriptor: { name: string } }).descriptor.name,
    )
    printed.mockRestore()
    expect(names).toContain('spanwright.spans')
  })

  it('are read by a custom reader', async () => {
    class Reader extends MetricReader {
      protected override async onForceFlush(): Promise<void> {}
      protected override async onShutdown(): Promise<void> {}
    }
    const reader = new Reader()
    const tracing = startTracing({ exporter: 'none', metrics: reader, flushOnExit: false })
    const { resourceMetrics } = await reader.collect()
    expect(resourceMetrics.scopeMetrics.map(({ scope }) => scope.name)).toEqual(['@spanwright/sdk'])
    expect(tracing.report()).toMatchObject({
      metrics: ['Reader'],
      slowedBy: [expect.stringContaining('a metric reader of your own')],
    })
    await tracing.shutdown()
  })

  it('that cannot be sent cause no other failure', async () => {
    const said = collectDiag()
    class Reader extends MetricReader {
      protected override onForceFlush(): Promise<void> {
        return Promise.reject(new Error('no flush'))
      }
      protected override onShutdown(): Promise<void> {
        return Promise.reject(new Error('no end'))
      }
    }
    const tracing = startTracing({ exporter: 'none', metrics: new Reader(), flushOnExit: false })
    await tracing.forceFlush()
    await tracing.shutdown()
    said.stop()
    expect(said.lines).toEqual([
      expect.stringContaining('flushing metrics failed'),
      expect.stringContaining('shutdown failed'),
    ])
  })

  it.each([
    ['prom'],
    [{ port: 9464 }],
    [{ protocol: 'prometheus', port: 0 }],
    [{ protocol: 'prometheus', path: 'metrics' }],
    [{ protocol: 'prometheus', url: 'http://127.0.0.1' }],
    [{ interval: 'often' }],
    [['otlp', 5]],
  ])('%j is refused', choice => {
    expect(() => startTracing({ metrics: choice } as unknown as StartTracingOptions)).toThrow(
      /^startTracing\(\): option metrics must be true or false, or .*'prometheus'/,
    )
  })
})
