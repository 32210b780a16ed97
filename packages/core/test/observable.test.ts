import { metrics } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'
import { collectDiag } from '@spanwright/test-kit'
import { LateObservable, Settings, type TracingOptions } from '@spanwright/core/plugin'
import { METRIC_DB_CLIENT_CONNECTION_COUNT } from '@spanwright/core/semconv'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { type Job, jobSettings } from './job.ts'

const QUEUED = { name: 'job.queued', unit: '{job}', description: 'Number of jobs that wait.' }

let recorders: SpanRecorder[] = []
afterEach(async () => {
  await Promise.all(recorders.map(recorder => recorder.stop()))
  recorders = []
})

function record(global = false): SpanRecorder {
  const recorder = recordSpans({ global })
  recorders.push(recorder)
  return recorder
}

/** Value and attributes of every point, by the name of the metric. */
async function pointsOf(recorder: SpanRecorder): Promise<Record<string, unknown[]>> {
  const found = await recorder.metrics()
  return Object.fromEntries(
    found.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.map(({ value, attributes }) => [value, attributes]),
    ]),
  )
}

function observed(options: TracingOptions<Job>, queues: ReadonlyMap<string, number>): LateObservable<Job> {
  return new LateObservable(jobSettings(options), QUEUED, report => {
    for (const [queue, length] of queues) report(length, { queue })
  })
}

describe('an observable made late', () => {
  it('reports the values read at collection', async () => {
    const recorder = record()
    const { meterProvider } = recorder
    const queues = new Map([['a', 1]])
    observed({ meterProvider }, queues).start()
    expect(await pointsOf(recorder)).toEqual({ 'job.queued': [[1, { queue: 'a' }]] })
    queues.set('a', 0).set('b', 5)
    expect(await pointsOf(recorder)).toEqual({
      'job.queued': [
        [0, { queue: 'a' }],
        [5, { queue: 'b' }],
      ],
    })
  })

  it('waits for a provider, and switches to another one', async () => {
    const observable = observed({}, new Map([['a', 1]]))
    observable.start()
    const first = record(true)
    observable.start()
    observable.start()
    expect(await pointsOf(first)).toEqual({ 'job.queued': [[1, { queue: 'a' }]] })
    await first.stop()
    recorders = []
    const second = record(true)
    observable.start()
    expect(await pointsOf(second)).toEqual({ 'job.queued': [[1, { queue: 'a' }]] })
    metrics.disable()
  })

  it('reports nothing after it was stopped, or when metrics are off', async () => {
    const recorder = record()
    const { meterProvider } = recorder
    const observable = observed({ meterProvider }, new Map([['a', 1]]))
    observable.start()
    observable.stop()
    observed({ meterProvider, metrics: false }, new Map([['b', 1]])).start()
    expect(await pointsOf(recorder)).toEqual({})
  })

  it('shares its name with others, each with points of its own', async () => {
    const recorder = record()
    const { meterProvider } = recorder
    observed({ meterProvider }, new Map([['a', 1]])).start()
    observed({ meterProvider }, new Map([['b', 2]])).start()
    expect(await pointsOf(recorder)).toEqual({
      'job.queued': [
        [1, { queue: 'a' }],
        [2, { queue: 'b' }],
      ],
    })
  })

  it('reports in both vocabularies', async () => {
    const recorder = record()
    const { meterProvider } = recorder
    const settings = new Settings<Job>(
      { scope: { name: 'jobs', version: '1' }, caller: 'test()', area: 'database' },
      { meterProvider, semconv: 'both' },
    )
    new LateObservable(settings, METRIC_DB_CLIENT_CONNECTION_COUNT, report =>
      report(3, { 'db.client.connection.pool.name': 'p', 'db.client.connection.state': 'idle' }),
    ).start()
    expect(await pointsOf(recorder)).toEqual({
      'db.client.connection.count': [
        [3, { 'db.client.connection.pool.name': 'p', 'db.client.connection.state': 'idle' }],
      ],
      'db.client.connections.usage': [[3, { 'pool.name': 'p', state: 'idle' }]],
    })
  })

  it('reports errors of reading to diag', async () => {
    const { calls: reports, stop } = collectDiag('error')
    const recorder = record()
    const { meterProvider } = recorder
    new LateObservable(jobSettings({ meterProvider }), QUEUED, () => {
      throw new Error('unreadable')
    }).start()
    expect(await pointsOf(recorder)).toEqual({})
    expect(reports).toEqual([['spanwright: metric job.queued failed', new Error('unreadable')]])
    stop()
  })
})
