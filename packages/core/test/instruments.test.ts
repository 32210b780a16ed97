import { type MeterProvider, ROOT_CONTEXT } from '@opentelemetry/api'
import type { DataPoint, Histogram, MetricData } from '@opentelemetry/sdk-metrics'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import {
  LateCounter,
  LateHistogram,
  pickAttributes,
  Settings,
  type TracingOptions,
} from '@spanwright/core/plugin'

import { LateUpDownCounter } from '../src/operation/instruments.ts'
import { type SemconvArea } from '../src/semconv/legacy.ts'
import {
  METRIC_DB_CLIENT_OPERATION_DURATION,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
} from '@spanwright/core/semconv'

import { jobSettings } from './job.ts'

const COUNT = { name: 'job.count', unit: '{job}', description: 'Number of jobs.' }

let recorder: SpanRecorder
beforeEach(() => {
  recorder = recordSpans()
})
afterEach(() => recorder.stop())

function settingsOf(area: SemconvArea, options: TracingOptions<never>): Settings<never> {
  return new Settings<never>(
    { scope: { name: 'jobs', version: '1.2.3' }, caller: 'tracing()', area },
    options,
  )
}

/** Name, unit, and what was recorded with which attributes. */
function shape({ descriptor: { name, unit }, dataPoints }: MetricData): unknown {
  const points = (dataPoints as DataPoint<number | Histogram>[]).map(({ value, attributes }) => [
    typeof value === 'number' ? value : value.sum,
    attributes,
  ])
  return [name, unit, ...points]
}

describe('an instrument', () => {
  it('that was made before there was a meter provider records once there is one', async () => {
    const counter = new LateCounter(jobSettings(), COUNT)
    expect(counter.prepare()).toBe(false)
    counter.add(1, {}, ROOT_CONTEXT)

    const registered = recordSpans({ global: true })
    expect(counter.prepare()).toBe(true)
    counter.add(2, { place: 'attic' }, ROOT_CONTEXT)
    expect((await registered.metrics()).map(shape)).toEqual([['job.count', '{job}', [2, { place: 'attic' }]]])
    await registered.stop()
    expect(counter.prepare()).toBe(false)
  })

  it('records with the provider that replaced another', async () => {
    const counter = new LateCounter(jobSettings(), COUNT)
    for (const amount of [3, 4]) {
      const registered = recordSpans({ global: true })
      counter.add(amount, {}, ROOT_CONTEXT)
      expect((await registered.metrics()).map(shape)).toEqual([['job.count', '{job}', [amount, {}]]])
      await registered.stop()
    }
  })

  it('is created once for a provider, with the scope of the package', async () => {
    let meters = 0
    const { meterProvider } = recorder
    const counted: MeterProvider = {
      getMeter(...scope) {
        meters++
        expect(scope).toEqual(['jobs', '1.2.3', { schemaUrl: expect.any(String) }])
        return meterProvider.getMeter(...scope)
      },
    }
    const counter = new LateCounter(jobSettings({ meterProvider: counted }), COUNT)
    for (let i = 0; i < 3; i++) counter.add(1, {}, ROOT_CONTEXT)

    expect(meters).toBe(1)
    expect((await recorder.metrics()).map(shape)).toEqual([['job.count', '{job}', [3, {}]]])
  })

  it('is not created when metrics are switched off', async () => {
    const meterProvider: MeterProvider = {
      getMeter() {
        throw new Error('nobody asked')
      },
    }
    const { calls: reports, stop } = collectDiag('error')
    const counter = new LateCounter(jobSettings({ meterProvider, metrics: false }), COUNT)
    counter.add(1, {}, ROOT_CONTEXT)
    stop()
    expect(counter.prepare()).toBe(false)
    expect(reports).toEqual([])
  })

  it('that counts up and down does both', async () => {
    const counter = new LateUpDownCounter(jobSettings({ meterProvider: recorder.meterProvider }), COUNT)
    counter.add(3, {}, ROOT_CONTEXT)
    counter.add(-2, {}, ROOT_CONTEXT)
    expect((await recorder.metrics()).map(shape)).toEqual([['job.count', '{job}', [1, {}]]])
  })

  it('that cannot be created is reported once', () => {
    const fault = new Error('no meters today')
    const meterProvider: MeterProvider = {
      getMeter() {
        throw fault
      },
    }
    const { calls: reports, stop } = collectDiag('error')
    const counter = new LateCounter(jobSettings({ meterProvider }), COUNT)
    counter.add(1, {}, ROOT_CONTEXT)
    counter.add(1, {}, ROOT_CONTEXT)
    stop()
    expect(reports).toEqual([['spanwright: metric job.count failed', fault]])
  })
})

describe('a histogram', () => {
  it('has the boundaries of its definition, and the description', async () => {
    const settings = settingsOf('database', { meterProvider: recorder.meterProvider })
    new LateHistogram(settings, METRIC_DB_CLIENT_OPERATION_DURATION).record(0.02, {}, ROOT_CONTEXT)

    const [metric] = await recorder.metrics()
    expect(metric?.descriptor).toMatchObject({
      name: 'db.client.operation.duration',
      unit: 's',
      description: 'Duration of database client operations.',
    })
    expect(metric?.dataPoints[0]?.value).toMatchObject({
      buckets: {
        boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
        counts: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
      },
    })
  })

  const latest = ['http.server.request.duration', 's', [0.25, { 'http.request.method': 'GET' }]]
  const legacy = ['http.server.duration', 'ms', [250, { 'http.method': 'GET' }]]

  it.each([
    ['latest', [latest]],
    ['legacy', [legacy]],
    ['both', [latest, legacy]],
  ] as const)('is in the words and units of the vocabulary: %s', async (semconv, expected) => {
    const settings = settingsOf('http.server', { meterProvider: recorder.meterProvider, semconv })
    const histogram = new LateHistogram(settings, METRIC_HTTP_SERVER_REQUEST_DURATION)
    histogram.record(0.25, { 'http.request.method': 'GET' }, ROOT_CONTEXT)
    expect((await recorder.metrics()).map(shape)).toEqual(expected)
  })

  it('in milliseconds does not have the boundaries for seconds', async () => {
    const settings = settingsOf('http.server', { meterProvider: recorder.meterProvider, semconv: 'legacy' })
    new LateHistogram(settings, METRIC_HTTP_SERVER_REQUEST_DURATION).record(0.25, {}, ROOT_CONTEXT)
    const [metric] = await recorder.metrics()
    expect(metric?.dataPoints[0]?.value).toMatchObject({
      buckets: { boundaries: expect.arrayContaining([250, 500, 1000]) as unknown },
    })
  })

  it.each([
    ['legacy', [['db.client.operation.duration', 's', [0.25, { 'db.system': 'postgresql' }]]]],
    ['both', [['db.client.operation.duration', 's', [0.25, { 'db.system.name': 'postgresql' }]]]],
  ] as const)('that had no other name is written once: %s', async (semconv, expected) => {
    const settings = settingsOf('database', { meterProvider: recorder.meterProvider, semconv })
    const histogram = new LateHistogram(settings, METRIC_DB_CLIENT_OPERATION_DURATION)
    histogram.record(0.25, { 'db.system.name': 'postgresql' }, ROOT_CONTEXT)
    expect((await recorder.metrics()).map(shape)).toEqual(expected)
  })
})

describe('the attributes of a metric', () => {
  it('are those of a list that have a value', () => {
    expect(
      pickAttributes({ a: 1, b: false, c: '', d: 'x', e: undefined }, ['a', 'b', 'c', 'e', 'f']),
    ).toEqual({
      a: 1,
      b: false,
      c: '',
    })
    expect(Object.keys(pickAttributes({ a: undefined }, ['a', 'b']))).toEqual([])
  })
})
