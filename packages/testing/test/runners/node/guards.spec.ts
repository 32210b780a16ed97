import { join } from 'node:path'
import { after, it } from 'node:test'

import { withSpan } from '@spanwright/core'
import {
  assertBudget,
  assertNoLostContext,
  assertNoRepeatedQueries,
  assertTrace,
  canary,
  expectNoCanary,
  recordSpans,
} from '@spanwright/testing'

const recorder = recordSpans({ global: true })
after(() => recorder.stop())

it('writes an order within its budget, without telling who ordered', async () => {
  const email = canary('alice@example.com')

  withSpan('write order', () => ({ email }))

  assertBudget(recorder, { spans: 1 })
  assertNoRepeatedQueries(recorder)
  assertNoLostContext(recorder)
  assertTrace(recorder, join(__dirname, 'traces', 'write-order.trace'))
  await expectNoCanary()
})
