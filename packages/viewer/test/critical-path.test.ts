import { describe, expect, it } from '@jest/globals'

import { criticalPathOf } from '../src/model/critical-path.ts'
import { type SpanInWords, traceFrom } from './traces.ts'

/** The intervals of the critical path, by the id of their span. */
function pathOf(...spans: readonly SpanInWords[]): Record<string, (readonly [number, number])[]> {
  const path = criticalPathOf(traceFrom(spans))
  return Object.fromEntries(
    [...path].map(([{ name }, stretches]) => [
      name,
      stretches.map(({ start, end }) => [start, end] as const).toSorted(([one], [other]) => one - other),
    ]),
  )
}

describe('the critical path', () => {
  it('consists of the own time of the spans that are waited for, one after the other', () => {
    const first: SpanInWords = { id: '2', parent: '1', at: [10, 40] }
    const second: SpanInWords = { id: '3', parent: '1', at: [50, 90] }
    const within: SpanInWords = { id: '4', parent: '3', at: [55, 85] }
    expect(pathOf({ id: '1' }, first, second, within)).toEqual({
      1: [
        [0, 10],
        [40, 50],
        [90, 100],
      ],
      2: [[10, 40]],
      3: [
        [50, 55],
        [85, 90],
      ],
      4: [[55, 85]],
    })
  })

  it('omits spans that ran concurrently with a longer one', () => {
    const short: SpanInWords = { id: '2', parent: '1', at: [10, 40] }
    const long: SpanInWords = { id: '3', parent: '1', at: [10, 90] }
    expect(pathOf({ id: '1' }, short, long)).toEqual({
      1: [
        [0, 10],
        [90, 100],
      ],
      3: [[10, 90]],
    })
  })

  it('continues through a queue to the end of the trace', () => {
    const send: SpanInWords = { id: '2', parent: '1', kind: 'PRODUCER', at: [40, 58] }
    const process: SpanInWords = { id: '3', parent: '2', kind: 'CONSUMER', service: 'worker', at: [400, 520] }
    expect(pathOf({ id: '1' }, send, process)).toEqual({ 1: [[0, 40]], 2: [[40, 58]], 3: [[400, 520]] })
  })
})
