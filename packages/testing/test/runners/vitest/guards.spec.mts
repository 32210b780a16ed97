import { afterAll, expect, it } from 'vitest'

import { withSpan } from '@spanwright/core'
import { canary, expectNoCanary, recordSpans } from '@spanwright/testing'
import '@spanwright/testing/vitest'

const recorder = recordSpans({ global: true })
afterAll(() => recorder.stop())

it('writes an order within its budget, without telling who ordered', async () => {
  const email = canary('alice@example.com')

  withSpan('write order', () => ({ email }))

  expect(recorder).toStayWithin({ spans: 1 })
  expect(recorder).toHaveNoRepeatedQueries()
  expect(recorder).toHaveNoLostContext()
  expect(recorder).toMatchTrace('traces/write-order.trace')
  await expectNoCanary()
})
