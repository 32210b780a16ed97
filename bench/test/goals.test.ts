import { describe, expect, it } from '@jest/globals'

import { goalsOf } from '../src/report/goals.ts'
import { hasFailed, overheadOf } from '../src/results.ts'
import { EXPRESS, SKIPPED, UNDICI } from './results.ts'

describe('overheadOf', () => {
  it('is the median over that of the bare program that took turns with it', () => {
    expect(overheadOf(EXPRESS, 'otel', 'exported')).toBe(90)
    expect(overheadOf(EXPRESS, 'otel', 'unsampled')).toBe(40)
  })

  it('is unknown for what failed or was not measured', () => {
    expect(overheadOf(EXPRESS, 'sentry', 'exported')).toBeUndefined()
    expect(overheadOf(EXPRESS, 'dd-trace', 'exported')).toBeUndefined()
  })
})

describe('hasFailed', () => {
  it('holds for what is to be compared, not for a product that does not run or a library that was skipped', () => {
    expect(hasFailed({ libraries: [EXPRESS, SKIPPED] })).toBe(false)
    const failure = { variant: 'spanwright', state: 'none', group: 1, failed: 'it ended' } as const
    expect(hasFailed({ libraries: [{ ...EXPRESS, rows: [...EXPRESS.rows, failure] }] })).toBe(true)
  })
})

describe('goalsOf', () => {
  it('sets overheads in relation to each other, and to what is to be reached', () => {
    expect(goalsOf(EXPRESS)).toEqual({
      title: 'Express',
      otel: { value: 4.5, goal: 5, isReached: false },
      byHandOtel: { value: 0.5, goal: 0.6, isReached: true },
      byHand: { value: 1.25, goal: 1.25, isReached: true },
      unsampled: { value: 4, goal: 6, isReached: false },
      withoutSdk: { value: 1, goal: 2, isReached: true },
    })
  })

  it('compares tracing without an SDK with a hook that does nothing, where there is one', () => {
    expect(goalsOf(UNDICI)?.withoutSdk).toEqual({ value: 1, goal: 2, isReached: true })
  })

  it('reports nothing for a library that was skipped or has no goals', () => {
    expect(goalsOf(SKIPPED)).toBeUndefined()
    expect(goalsOf({ ...EXPRESS, library: 'sdk' })).toBeUndefined()
  })
})
