import { type MeterProvider, ROOT_CONTEXT } from '@opentelemetry/api'
import type { DataPoint, Histogram, MetricData } from '@opentelemetry/sdk-metrics'
import { AlwaysOffSampler, type Sampler } from '@opentelemetry/sdk-trace-base'
import { afterEach, describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import type { Outcome } from '@spanwright/core'
import {
  failure,
  LateCounter,
  LateHistogram,
  type Operation,
  Settings,
  SUCCESS,
  type TracingOptions,
} from '@spanwright/core/plugin'
import { METRIC_HTTP_SERVER_REQUEST_DURATION } from '@spanwright/core/semconv'

import { type Job, jobSettings, startJob } from './job.ts'

const SECONDS = { name: 'job.duration', unit: 's', description: 'Duration of jobs.', boundaries: [1, 2] }
const COUNTED = { name: 'job.count', unit: '{job}', description: 'Number of jobs.' }
const KEYS = ['job.size', 'error.type', 'job.swept', 'job.absent']

let recorder: SpanRecorder
afterEach(() => recorder.stop())

function measuredJob(options: TracingOptions<Job> = {}, sampler?: Sampler): Operation<Job> {
  recorder = recordSpans(sampler ? { sampler } : {})
  const { tracerProvider, meterProvider } = recorder
  const settings = jobSettings({ tracerProvider, meterProvider, ...options })
  return startJob(settings, {
    duration: { histogram: new LateHistogram(settings, SECONDS), keys: KEYS },
    count: { counter: new LateCounter(settings, COUNTED), amount: 3, keys: ['job.size'] },
  })
}

async function histogramPoints(): Promise<DataPoint<Histogram>[]> {
  const metric = await metricNamed('job.duration')
  return (metric?.dataPoints ?? []) as DataPoint<Histogram>[]
}

async function metricNamed(name: string): Promise<MetricData | undefined> {
  return (await recorder.metrics()).find(metric => metric.descriptor.name === name)
}

describe('the duration of an operation whose clock goes back', () => {
  it('is never below zero for hooks, and left out of the histogram', async () => {
    const outcomes: Outcome[] = []
    const operation = measuredJob({ onEnd: (_span, _job, outcome) => outcomes.push(outcome) })
    operation.end({ endedAt: performance.now() - 60_000 })

    expect(outcomes).toMatchObject([{ durationMs: 0 }])
    expect(await histogramPoints()).toEqual([])
  })
})

describe('the metrics of an operation', () => {
  it('are its duration in seconds and its count, with their attributes', async () => {
    measuredJob().end(SUCCESS, { 'job.swept': 12, 'job.secret': 'no' })

    expect(await histogramPoints()).toMatchObject([{ value: { count: 1 } }])
    const [point] = await histogramPoints()
    expect(point?.attributes).toEqual({ 'job.size': 3, 'job.swept': 12 })
    const [span] = recorder.spans()
    const [seconds = NaN, nanoseconds = NaN] = span?.duration ?? []
    expect(point?.value.sum).toBeGreaterThan(0)
    // It is measured within the span, by the same clock.
    expect(point?.value.sum).toBeLessThanOrEqual(seconds + nanoseconds / 1e9 + 1e-6)

    const count = await metricNamed('job.count')
    expect(count?.dataPoints).toMatchObject([{ value: 3, attributes: { 'job.size': 3 } }])
  })

  it('name the error that the span names', async () => {
    measuredJob().end(failure(Object.assign(new Error('no'), { code: 'ECONNREFUSED' })))

    const [span] = recorder.spans()
    expect(span?.attributes['error.type']).toBe('ECONNREFUSED')
    expect((await histogramPoints()).map(point => point.attributes)).toEqual([
      { 'job.size': 3, 'error.type': 'ECONNREFUSED' },
    ])
  })

  it('have the attributes of a hook, which receives the outcome', async () => {
    const error = new Error('dust')
    const outcomes: Outcome[] = []
    measuredJob({
      metrics: {
        attributes(job, outcome) {
          outcomes.push(outcome)
          return { 'job.title': job.title }
        },
      },
    }).end(failure(error))

    expect(outcomes).toEqual([{ error, durationMs: expect.any(Number) as unknown }])
    expect((await histogramPoints()).map(point => point.attributes)).toEqual([
      { 'job.size': 3, 'error.type': 'Error', 'job.title': 'sweep' },
    ])
    expect((await metricNamed('job.count'))?.dataPoints).toMatchObject([
      { attributes: { 'job.size': 3, 'job.title': 'sweep' } },
    ])
  })

  it('are recorded even when their hook throws, or returns an unreadable value', async () => {
    const { calls: reports, stop } = collectDiag('error')
    const fault = new Error('no')
    measuredJob({
      metrics: {
        attributes: () => ({
          get trap(): never {
            throw fault
          },
        }),
      },
    }).end(SUCCESS)
    stop()

    expect((await histogramPoints()).map(point => point.attributes)).toEqual([{ 'job.size': 3 }])
    expect(reports).toEqual([['spanwright: hook metrics.attributes failed', fault]])
  })

  it('count unsampled operations, for which nothing else is done', async () => {
    let reads = 0
    const error = Object.defineProperty(new Error(), 'message', { get: () => `read ${++reads} times` })
    const operation = measuredJob({}, new AlwaysOffSampler())
    expect(operation.isRecording).toBe(false)
    operation.end(failure(error), { 'job.swept': 12 })

    expect(reads).toBe(0)
    expect(recorder.spans()).toEqual([])
    expect((await histogramPoints()).map(point => point.attributes)).toEqual([
      { 'job.size': 3, 'job.swept': 12, 'error.type': 'Error' },
    ])
  })

  it('are still the count when the histogram cannot be created', async () => {
    recorder = recordSpans()
    const { calls: reports, stop } = collectDiag('error')
    const fault = new Error('no histograms today')
    const meterProvider: MeterProvider = {
      getMeter(...scope) {
        const createHistogram = (): never => {
          throw fault
        }
        return Object.assign(recorder.meterProvider.getMeter(...scope), { createHistogram })
      },
    }
    const settings = jobSettings({ meterProvider })
    startJob(settings, {
      duration: { histogram: new LateHistogram(settings, SECONDS), keys: [] },
      count: { counter: new LateCounter(settings, COUNTED), amount: 2, keys: [] },
    }).end(SUCCESS)
    stop()

    expect(await recorder.metrics()).toMatchObject([{ descriptor: COUNTED, dataPoints: [{ value: 2 }] }])
    expect(reports).toEqual([['spanwright: metric job.duration failed', fault]])
  })

  it('are none when they are switched off', async () => {
    measuredJob({ metrics: false }).end(SUCCESS)
    expect(await recorder.metrics()).toEqual([])
    expect(recorder.spans()).toHaveLength(1)
  })

  it('are only the count when the duration is not measured', async () => {
    recorder = recordSpans()
    const settings = jobSettings({ meterProvider: recorder.meterProvider })
    startJob(settings, {
      count: { counter: new LateCounter(settings, COUNTED), amount: 2, keys: ['error.type'] },
    }).end(failure(new RangeError('too far')))

    expect(await recorder.metrics()).toMatchObject([
      { descriptor: COUNTED, dataPoints: [{ value: 2, attributes: { 'error.type': 'RangeError' } }] },
    ])
  })

  it('are only the count when the duration was measured in parts', async () => {
    measuredJob().end({ ...SUCCESS, unmeasured: true })

    expect(await recorder.metrics()).toMatchObject([{ descriptor: COUNTED, dataPoints: [{ value: 3 }] }])
  })

  it('are in the names of each vocabulary', async () => {
    recorder = recordSpans()
    const { tracerProvider, meterProvider } = recorder
    const settings = new Settings<Job>(
      { scope: { name: 'jobs', version: '1.2.3' }, caller: 'tracing()', area: 'http.server' },
      { tracerProvider, meterProvider, semconv: 'both' },
    )
    const histogram = new LateHistogram(settings, METRIC_HTTP_SERVER_REQUEST_DURATION)
    startJob(settings, {
      attributes: { 'http.request.method': 'GET' },
      duration: { histogram, keys: ['http.request.method', 'http.response.status_code', 'error.type'] },
      parent: ROOT_CONTEXT,
    }).end({ failed: true, errorType: '500' }, { 'http.response.status_code': 500 })

    expect(recorder.spans()[0]?.attributes).toEqual({
      'http.request.method': 'GET',
      'http.method': 'GET',
      'http.response.status_code': 500,
      'http.status_code': 500,
      'error.type': '500',
    })
    const points = (await recorder.metrics()).map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.map(point => point.attributes),
    ])
    expect(points).toEqual([
      [
        'http.server.request.duration',
        [{ 'http.request.method': 'GET', 'http.response.status_code': 500, 'error.type': '500' }],
      ],
      ['http.server.duration', [{ 'http.method': 'GET', 'http.status_code': 500 }]],
    ])
  })
})
