import { describe, expect, it } from '@jest/globals'

import { requestOf, scheduleOf } from '../src/schedule.ts'

function requestsOf(seed: number): unknown[] {
  return Array.from({ length: 500 }, (_item, index) => requestOf(seed, index + 1))
}

describe('a schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(scheduleOf(7, 3)).toEqual(scheduleOf(7, 3))
    expect(scheduleOf(7, 3).application).not.toEqual(scheduleOf(8, 3).application)
    expect(requestsOf(7)).toEqual(requestsOf(7))
    expect(requestsOf(7)).not.toEqual(requestsOf(8))
  })

  it('does not depend on how many requests were planned before', () => {
    expect(requestsOf(7)[499]).toEqual(requestOf(7, 500))
  })

  it.each([1, 2, 3])(
    'of ten minutes has every fault several times, and every request, with seed %i',
    seed => {
      const { application, collector } = scheduleOf(seed, 10)
      for (const [kinds, faults] of [
        [6, application],
        [4, collector],
      ] as const) {
        const counts = new Map<string, number>()
        for (const { kind } of faults) counts.set(kind, (counts.get(kind) ?? 0) + 1)
        expect(counts.size).toBe(kinds)
        expect(Math.min(...counts.values())).toBeGreaterThan(1)
      }
      expect(new Set(requestsOf(seed).map(request => (request as { kind: string }).kind)).size).toBe(9)
    },
  )

  it.each([1, 2, 3])(
    'of a minute has at least six faults, one after the other in each lane, with seed %i',
    seed => {
      const { application, collector, requests } = scheduleOf(seed, 1)
      expect(application.length + collector.length).toBeGreaterThanOrEqual(6)
      for (const lane of [application, collector]) {
        const numbers = lane.map(({ at }) => at)
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
        expect(Math.min(...numbers)).toBeGreaterThan(0)
        expect(Math.max(...numbers)).toBeLessThan(requests)
      }
    },
  )

  it('kills processes in its first half only, so that the others live for long', () => {
    const { application, requests } = scheduleOf(7, 10)
    const kills = application.filter(({ kind }) => kind === 'service is killed')
    expect(kills.length).toBeGreaterThan(0)
    for (const { at } of kills) expect(at).toBeLessThanOrEqual(requests / 2)
  })
})
