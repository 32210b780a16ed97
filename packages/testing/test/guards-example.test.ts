import { afterAll, beforeEach, expect, it } from '@jest/globals'
import express, { type Express } from 'express'
import request from 'supertest'

import { withSpan } from '@spanwright/core'
import { tracing } from '@spanwright/express'
import { canary, checkScore, expectNoCanary, recordSpans } from '@spanwright/testing'
import '@spanwright/testing/jest'

const recorder = recordSpans({
  global: true,
  resource: { 'service.name': 'shop', 'service.instance.id': 'test' },
})
beforeEach(() => recorder.reset())
afterAll(() => recorder.stop())

function createShop(): Express {
  const app = express()
  app.use(tracing(), express.json())
  app.post('/orders', async (req, res) => {
    await Promise.all([withSpan('check stock', async () => {}), withSpan('check credit', async () => {})])
    await withSpan('write order', async () => {})
    res.status(201).json({ for: req.body.email })
  })
  return app
}

it('takes an order within its budget, without telling who ordered', async () => {
  const email = canary('alice@example.com')

  await request(createShop()).post('/orders?notify=yes').send({ email }).expect(201)
  await recorder.waitFor({ kind: 'SERVER' })

  expect(recorder).toStayWithin({ spans: 4, 'check *': 2, durationMs: 1000 })
  expect(recorder).toHaveNoRepeatedQueries()
  expect(recorder).toHaveNoLostContext()
  expect(recorder).toMatchTrace('traces/take-order.trace', { attributes: ['http.route'] })
  expect(checkScore(recorder).score).toBe(100)
  await expectNoCanary()
})
