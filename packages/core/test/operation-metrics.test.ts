import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import {
  type Ending,
  failure,
  LateCounter,
  LateHistogram,
  Operation,
  Settings,
  SUCCESS,
  type TracingOptions,
} from '@spanwright/core'

interface Job {
  readonly title: string
}

let recorder: SpanRecorder
beforeAll(() => {
  recorder = recordSpans()
})
beforeEach(() => recorder.reset())
afterAll(() => recorder.stop())

function runJob(name: string, amount: number, ending: Ending, options: TracingOptions<Job> = {}): void {
  const { tracerProvider, meterProvider } = recorder
  const settings = new Settings<Job>(
    { scope: { name: 'jobs', version: '1.2.3' }, caller: 'startJob()' },
    { tracerProvider, meterProvider, ...options },
  )
  const counter = new LateCounter(settings, { name: `${name}.jobs`, unit: '{job}', description: 'Jobs.' })
  const histogram = new LateHistogram(settings, {
    name: `${name}.duration`,
    unit: 's',
    description: 'How long.',
  })
  const operation = new Operation(settings, {
    kind: SpanKind.INTERNAL,
    name: 'job',
    attributes: { 'job.size': 3, 'job.id': 'a' },
    parent: ROOT_CONTEXT,
    record: { title: 'sweep' },
    duration: { histogram, keys: ['job.size', 'error.type'] },
    count: { counter, amount, keys: ['error.type'] },
  })
  operation.end(ending)
}

async function pointsOf(name: string): Promise<unknown[]> {
  const metric = (await recorder.metrics()).find(({ descriptor }) => descriptor.name === name)
  return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({
    attributes,
    value: typeof value === 'number' ? value : (value as { count: number }).count,
  }))
}

describe('the metrics of an operation', () => {
  it('count what it was about, with the attributes of its end', async () => {
    runJob('count', 4, SUCCESS)
    runJob('count', 2, failure(new RangeError('too far')))

    expect(await pointsOf('count.jobs')).toEqual([
      { attributes: {}, value: 4 },
      { attributes: { 'error.type': 'RangeError' }, value: 2 },
    ])
    expect(await pointsOf('count.duration')).toEqual([
      { attributes: { 'job.size': 3 }, value: 1 },
      { attributes: { 'job.size': 3, 'error.type': 'RangeError' }, value: 1 },
    ])
  })

  it('take the attributes a user adds', async () => {
    runJob('added', 1, SUCCESS, { metrics: { attributes: ({ title }) => ({ title }) } })

    expect(await pointsOf('added.jobs')).toEqual([{ attributes: { title: 'sweep' }, value: 1 }])
    expect(await pointsOf('added.duration')).toEqual([
      { attributes: { 'job.size': 3, title: 'sweep' }, value: 1 },
    ])
  })

  it('leave out the duration of what was measured in parts', async () => {
    runJob('parts', 5, { ...SUCCESS, measuredInParts: true })

    expect(await pointsOf('parts.jobs')).toEqual([{ attributes: {}, value: 5 }])
    expect(await pointsOf('parts.duration')).toEqual([])
  })
})
