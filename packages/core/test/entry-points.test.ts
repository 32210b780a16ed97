import { expect, it } from '@jest/globals'
import { ROOT_CONTEXT } from '@opentelemetry/api'

import { decide, Settings } from '@spanwright/core/plugin'
import { entryPointUses } from '../src/doctor/entry-points.ts'
import { withSpan } from '@spanwright/core'

it('entry points are counted by package and name, with the number of operations', () => {
  const entry = { scope: { name: 'jobs', version: '1.2.3' }, caller: 'traceJobs()' }
  const [first, second] = [new Settings(entry), new Settings(entry, { requireParent: true })]
  // Another copy of the package counts in the same place.
  expect(() => new Settings(entry, { semcov: 'x' } as never)).toThrow('unknown option')
  expect(decide(first, ROOT_CONTEXT, undefined)).toBe('trace')
  expect(decide(second, ROOT_CONTEXT, undefined)).toBe('skip')
  withSpan('one', () => 1)
  withSpan('two', () => 2)

  expect(entryPointUses()).toEqual({
    'jobs traceJobs()': { calls: 2, operations: 2 },
    '@spanwright/core withSpan()': { calls: 1, operations: 2 },
  })
})
