import { describe, expect, it } from '@jest/globals'

import { goalsOf } from '../src/report/goals.ts'
import { hasFailed, overheadOf } from '../src/results.ts'
import { EXPRESS, SKIPPED } from './results.ts'

describe('overheadOf', () => {
  it('is the median over that of bare', () => {
    expect(overheadOf(EXPRESS, 'otel', 'sampled')).toBe(90)
  })

  it('is unknown for what failed or was not measured', () => {
    expect(overheadOf(EXPRESS, 'sentry', 'sampled')).toBeUndefined()
    expect(overheadOf(EXPRESS, 'dd-trace', 'sampled')).toBeUndefined()
  })
})

describe('hasFailed', () => {
  it('holds for what is to be compared, not for a product that does not run or a library that was skipped', () => {
    expect(hasFailed({ libraries: [EXPRESS, SKIPPED] })).toBe(false)
    const rows = [...EXPRESS.rows, { variant: 'spanwright', state: 'none', failed: 'it ended' } as const]
    expect(hasFailed({ libraries: [{ ...EXPRESS, rows }] })).toBe(true)
  })
})

describe('goalsOf', () => {
  it('sets overheads in relation to each other, and to what is to be reached', () => {
    expect(goalsOf(EXPRESS)).toEqual({
      title: 'Express',
      sampled: { value: 4.5, goal: 4, isReached: true },
      unsampled: { value: 4, goal: 5, isReached: false },
      handWritten: { value: 1.25, goal: 1.25, isReached: true },
      withoutSdk: { value: 1, goal: 2, isReached: true },
      byHand: { sampled: 5.625, unsampled: 5 },
    })
  })

  it('says nothing of a library that was skipped', () => {
    expect(goalsOf(SKIPPED)).toBeUndefined()
  })
})
