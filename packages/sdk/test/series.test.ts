import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type Attributes, type Meter, metrics } from '@opentelemetry/api'

import { startTracing, type StartTracingOptions } from '../src/index.ts'
import { type Endpoint, freePort, startEndpoint } from './endpoint.ts'
import { PATIENCE } from './host.ts'

interface JsonPoint {
  readonly attributes?: readonly { key: string; value: Readonly<Record<string, unknown>> }[]
  readonly asInt?: number
  readonly asDouble?: number
  readonly count?: string
  readonly sum?: number
  readonly min?: number
  readonly max?: number
  readonly bucketCounts?: readonly string[]
  readonly explicitBounds?: readonly number[]
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
}

interface JsonMetric {
  readonly name: string
  readonly unit?: string
  readonly sum?: { dataPoints: JsonPoint[]; aggregationTemporality: number; isMonotonic?: boolean }
  readonly gauge?: { dataPoints: JsonPoint[] }
  readonly histogram?: { dataPoints: JsonPoint[]; aggregationTemporality: number }
  readonly exponentialHistogram?: { dataPoints: JsonPoint[] }
}

interface JsonBody {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly { scope: { name: string; version?: string }; metrics: JsonMetric[] }[]
  }[]
}

const CUMULATIVE = 2
const DELTA = 1

let endpoint: Endpoint

beforeEach(async () => {
  endpoint = await startEndpoint()
})

afterEach(async () => {
  await endpoint[Symbol.asyncDispose]()
})

function start(options: StartTracingOptions = {}, variables: Readonly<Record<string, string>> = {}) {
  const before = { ...process.env }
  Object.assign(process.env, variables)
  const tracing = startTracing({
    exporter: 'none',
    metrics: { protocol: 'http/json', url: `${endpoint.url}/v1/metrics` },
    flushOnExit: false,
    ...options,
  })
  process.env = before
  return { tracing, ours: metrics.getMeter('@spanwright/test', '1.2.3'), theirs: metrics.getMeter('shop') }
}

/** The metrics of the last request, by scope and name. */
function sent(): Readonly<Record<string, JsonMetric>> {
  const body = JSON.parse(endpoint.arrivals.at(-1)?.body.toString() ?? '{}') as JsonBody
  return Object.fromEntries(
    body.resourceMetrics
      .flatMap(({ scopeMetrics }) => scopeMetrics)
      .flatMap(({ scope, metrics: all }) =>
        all.map(metric => [`${scope.name} ${scope.version ?? ''} ${metric.name}`.replace('  ', ' '), metric]),
      ),
  )
}

function attributesOf({ attributes = [] }: JsonPoint): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])) as Attributes
}

function measure(meter: Meter): void {
  const histogram = meter.createHistogram('test.duration', {
    unit: 's',
    description: 'Time.',
    advice: { explicitBucketBoundaries: [0.1, 1] },
  })
  histogram.record(0.1, { 'test.a': 'x', 'test.b': 1 })
  histogram.record(0.5, { 'test.b': 1, 'test.a': 'x' })
  histogram.record(3, { 'test.a': 'x', 'test.b': 1 })
  histogram.record(3, { 'test.a': 'x' })
  meter.createCounter('test.sent').add(2, { 'test.ok': true })
  meter.createCounter('test.sent').add(3, { 'test.ok': true })
  meter.createUpDownCounter('test.active').add(2)
  meter.createUpDownCounter('test.active').add(-3)
  meter.createObservableGauge('test.lag').addCallback(result => result.observe(1.5, { 'test.a': 'y' }))
}

const WHEN = {
  startTimeUnixNano: expect.stringMatching(/^\d{19}$/),
  timeUnixNano: expect.stringMatching(/^\d{19}$/),
}

describe('instruments of Spanwright', () => {
  it('are exported with those of the app, integers as integers', async () => {
    const { tracing, ours, theirs } = start()
    measure(ours)
    for (const value of [-1, Number.NaN, Infinity]) {
      ours.createHistogram('test.duration', { unit: 's' }).record(value, { 'test.a': 'x' })
    }
    theirs.createCounter('shop.visits').add(1)
    await tracing.shutdown()
    const all = sent()
    const scope = '@spanwright/test 1.2.3'
    expect(all['shop shop.visits']).toMatchObject({ sum: { dataPoints: [{ asDouble: 1 }] } })
    expect(all[`${scope} test.duration`]).toMatchObject({ unit: 's', description: 'Time.' })
    const { dataPoints = [], aggregationTemporality } = all[`${scope} test.duration`]?.histogram ?? {}
    expect(aggregationTemporality).toBe(CUMULATIVE)
    expect(dataPoints.map(attributesOf)).toEqual([{ 'test.a': 'x', 'test.b': 1 }, { 'test.a': 'x' }])
    expect(dataPoints).toMatchObject([
      {
        ...WHEN,
        count: '3',
        sum: 3.6,
        min: 0.1,
        max: 3,
        bucketCounts: ['1', '1', '1'],
        explicitBounds: [0.1, 1],
      },
      { ...WHEN, count: '1', sum: 3, bucketCounts: ['0', '0', '1'] },
    ])
    expect(all[`${scope} test.sent`]?.sum).toMatchObject({
      isMonotonic: true,
      aggregationTemporality: CUMULATIVE,
      dataPoints: [{ asInt: 5 }],
    })
    expect(all[`${scope} test.active`]?.sum).toMatchObject({ dataPoints: [{ asInt: -1 }] })
    expect(all[`${scope} test.lag`]?.gauge).toMatchObject({ dataPoints: [{ asDouble: 1.5 }] })
    expect(all['@spanwright/sdk 0.1.0 spanwright.spans']?.sum?.dataPoints[0]).toHaveProperty('asInt')
  })

  it('have buckets from 1 ms to 10 s for times in seconds, unless they advise others', async () => {
    const { tracing, ours } = start()
    ours.createHistogram('test.wait', { unit: 's' }).record(0.002)
    ours.createHistogram('test.size', { unit: 'By' }).record(7)
    await tracing.shutdown()
    const all = sent()
    expect(all['@spanwright/test 1.2.3 test.wait']?.histogram?.dataPoints).toMatchObject([
      { explicitBounds: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
    ])
    expect(all['@spanwright/test 1.2.3 test.size']?.histogram?.dataPoints[0]?.explicitBounds).toContain(
      10_000,
    )
  })

  it('are served to Prometheus', async () => {
    const port = await freePort()
    const { tracing, ours } = start({ metrics: { protocol: 'prometheus', port } })
    measure(ours)
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    await tracing.shutdown()
    expect(text).toMatch(/^test_duration_bucket\{test_a="x",test_b="1",.*le="0.1"\} 1$/m)
    expect(text).toMatch(/^test_duration_count\{test_a="x",test_b="1",.*\} 3$/m)
    expect(text).toMatch(/^test_sent_total\{test_ok="true",.*\} 5$/m)
    expect(text).toMatch(/^test_lag\{test_a="y",.*\} 1.5$/m)
  })

  it('report the changes since the last export with delta temporality', async () => {
    const variables = { OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'Delta' }
    const { tracing, ours } = start({}, variables)
    measure(ours)
    await tracing.forceFlush()
    const first = sent()
    ours.createCounter('test.sent').add(1, { 'test.ok': true })
    ours.createHistogram('test.duration', { unit: 's' }).record(0.2, { 'test.a': 'x' })
    ours.createUpDownCounter('test.active').add(1)
    await tracing.shutdown()
    const scope = '@spanwright/test 1.2.3'
    const second = sent()
    const durations = second[`${scope} test.duration`]?.histogram
    expect(durations?.aggregationTemporality).toBe(DELTA)
    expect(durations?.dataPoints).toMatchObject([{ count: '1', sum: 0.2, min: 0.2, max: 0.2 }])
    expect(first[`${scope} test.sent`]?.sum).toMatchObject({ dataPoints: [{ asInt: 5 }] })
    expect(second[`${scope} test.sent`]?.sum).toMatchObject({
      aggregationTemporality: DELTA,
      dataPoints: [{ asInt: 1 }],
    })
    expect(second[`${scope} test.active`]?.sum).toMatchObject({
      aggregationTemporality: CUMULATIVE,
      dataPoints: [{ asInt: 0 }],
    })
  })

  it(
    'keep at most 2,000 series, and count all others in one',
    async () => {
      const { tracing, ours } = start()
      const counter = ours.createCounter('test.many')
      for (let i = 0; i < 2500; i++) counter.add(1, { 'test.id': i })
      counter.add(1, { 'test.id': 7 })
      await tracing.shutdown()
      const points = sent()['@spanwright/test 1.2.3 test.many']?.sum?.dataPoints ?? []
      expect(points).toHaveLength(2000)
      const overflow = points.find(point => attributesOf(point)['otel.metric.overflow'] === true)
      expect(overflow?.asInt).toBe(501)
      expect(points.find(point => attributesOf(point)['test.id'] === 7)?.asInt).toBe(2)
    },
    PATIENCE,
  )

  it('follow views, as those of the app do', async () => {
    const views = [
      { instrument: 'test.dur*', buckets: [1, 2], dropAttributes: ['test.b'] },
      { instrument: 'test.sent', drop: true },
    ]
    const { tracing, ours, theirs } = start({ views })
    measure(ours)
    measure(theirs)
    await tracing.shutdown()
    const all = sent()
    for (const scope of ['@spanwright/test 1.2.3', 'shop']) {
      const { dataPoints = [] } = all[`${scope} test.duration`]?.histogram ?? {}
      expect(dataPoints.map(attributesOf)).toEqual([{ 'test.a': 'x' }])
      expect(dataPoints).toMatchObject([
        { count: '4', bucketCounts: ['2', '0', '2'], explicitBounds: [1, 2] },
      ])
      expect(all[`${scope} test.sent`]).toBeUndefined()
      expect(all[`${scope} test.lag`]).toBeDefined()
    }
  })

  it('are exponential when a variable says so', async () => {
    const { tracing, ours } = start(
      {},
      { OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'base2_exponential_bucket_histogram' },
    )
    measure(ours)
    await tracing.shutdown()
    const points = sent()['@spanwright/test 1.2.3 test.duration']?.exponentialHistogram?.dataPoints
    expect(points).toMatchObject([{ count: '3', sum: 3.6 }, { count: '1' }])
  })

  it.each([
    [[{ buckets: [1] }]],
    [[{ instrument: 'a', buckets: [2, 1] }]],
    [[{ instrument: 'a', dropAttributes: 'b' }]],
    [{ instrument: 'a' }],
  ])('are not created with invalid views: %j', views => {
    expect(() => startTracing({ views } as unknown as StartTracingOptions)).toThrow(
      /^startTracing\(\): option views must be an array of views, each an object with/,
    )
  })
})
