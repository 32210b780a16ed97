import { jest } from '@jest/globals'
import type * as FastCheck from 'fast-check'

/** Outside a fuzz run, properties are checked with the same cases in each run: a change must not fail by chance. */
jest.mock<typeof FastCheck>('fast-check', () => {
  const actual = jest.requireActual<typeof FastCheck>('fast-check')
  actual.configureGlobal({ seed: 20_261_122 })
  return actual
})
