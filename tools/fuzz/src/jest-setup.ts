import { jest } from '@jest/globals'
import type * as FastCheck from 'fast-check'

const milliseconds = Number(process.env['FUZZ_SECONDS']) * 1000
const seed = process.env['FUZZ_SEED']

/**
 * A property is checked repeatedly, with different cases each time, until its time is over. It is not interrupted, since
 * the work it has started would continue during the next one.
 */
jest.mock<typeof FastCheck>('fast-check', () => {
  const actual = jest.requireActual<typeof FastCheck>('fast-check')
  const assert = (
    property: FastCheck.IRawProperty<void>,
    { seed: _seed, path: _path, ...own }: FastCheck.Parameters = {},
  ): unknown => {
    const end = performance.now() + milliseconds
    let round = 0
    const check = (): unknown => {
      for (;;) {
        const chosen = seed === undefined ? {} : { seed: Number(seed) + round++ }
        const checked: unknown = actual.assert(property, { ...own, ...chosen })
        if (performance.now() > end) return checked
        if (checked instanceof Promise) return checked.then(check)
      }
    }
    return check()
  }
  return { ...actual, assert: assert as typeof FastCheck.assert }
})
