import { jest } from '@jest/globals'
import type * as FastCheck from 'fast-check'

const milliseconds = Number(process.env['FUZZ_SECONDS']) * 1000

/** Properties run for a time and not for a number of cases, and on other cases each time. */
jest.mock<typeof FastCheck>('fast-check', () => {
  const actual = jest.requireActual<typeof FastCheck>('fast-check')
  const assert = (property: FastCheck.IRawProperty<void>, { examples = [] }: FastCheck.Parameters = {}) =>
    actual.assert(property, {
      examples,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: milliseconds,
      markInterruptAsFailure: false,
    })
  return { ...actual, assert: assert as typeof FastCheck.assert }
})
