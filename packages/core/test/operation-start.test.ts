import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { SUCCESS } from '@spanwright/core/plugin'

import { startJob } from './job.ts'

const recorder = recordTests({})

describe('an operation that is known only afterwards', () => {
  it('has the given start time, on its span and for hooks and metrics', () => {
    const durations: number[] = []
    const { tracerProvider } = recorder
    startJob(
      { tracerProvider, onEnd: (_span, _job, { durationMs }) => durations.push(durationMs) },
      { startedAt: performance.now() - 5000 },
    ).end(SUCCESS)

    expect(durations[0]).toBeGreaterThanOrEqual(5000)
    expect(durations[0]).toBeLessThan(10_000)
    const [seconds] = recorder.spans()[0]?.duration ?? []
    expect(seconds).toBeGreaterThanOrEqual(4)
    expect(seconds).toBeLessThan(10)
  })
})
