import { expect, it } from '@jest/globals'

import { entryPointCounts, Settings } from '@spanwright/core/plugin'
import { withSpan } from '@spanwright/core'

it('entry points are counted by package and name, each call once', () => {
  const before = entryPointCounts()
  const entry = { scope: { name: 'jobs', version: '1.2.3' }, caller: 'traceJobs()' }
  const made = [new Settings(entry), new Settings(entry)]
  expect(made).toHaveLength(2)
  // Another copy of the package counts in the same place.
  expect(() => new Settings(entry, { semcov: 'x' } as never)).toThrow('unknown option')
  withSpan('one', () => 1)
  withSpan('two', () => 2)

  const counts = entryPointCounts()
  expect(counts.get('jobs traceJobs()')).toBe((before.get('jobs traceJobs()') ?? 0) + 2)
  expect(counts.get('@spanwright/core withSpan()')).toBe(1)
})
