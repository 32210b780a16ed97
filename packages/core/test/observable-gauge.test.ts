import { DataPointType } from '@opentelemetry/sdk-metrics'
import { describe, expect, it } from '@jest/globals'
import { LateObservableGauge } from '@spanwright/core/plugin'
import { recordSpans } from '@spanwright/testing'

import { jobSettings } from './job.ts'

describe('an observable gauge made late', () => {
  it('reports the values it reads as a gauge', async () => {
    await using recorder = recordSpans()
    const { meterProvider } = recorder
    const oldest = { name: 'job.oldest', unit: 's', description: 'Age of the oldest job.' }
    new LateObservableGauge(jobSettings({ meterProvider }), oldest, report =>
      report(7, { queue: 'a' }),
    ).start()

    const [metric] = await recorder.metrics()
    expect(metric?.dataPointType).toBe(DataPointType.GAUGE)
    expect(metric?.descriptor).toMatchObject(oldest)
    expect(metric?.dataPoints.map(({ value, attributes }) => [value, attributes])).toEqual([
      [7, { queue: 'a' }],
    ])
  })
})
