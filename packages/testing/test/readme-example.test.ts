import { afterAll, beforeEach, expect, it } from '@jest/globals'
import express, { type Express } from 'express'
import request from 'supertest'

import { withSpan } from '@spanwright/core'
import { tracing } from '@spanwright/express'
import { recordSpans } from '@spanwright/testing'
import '@spanwright/testing/jest'

const recorder = recordSpans({ global: true })
beforeEach(() => recorder.reset())
afterAll(() => recorder.stop())

function createShop(): Express {
  const prices = new Map([['teapot', 24]])
  const app = express()
  app.use(tracing())
  app.get('/items/:name', (req, res) => {
    const price = withSpan('look up price', () => prices.get(req.params.name))
    if (price === undefined) res.status(404).json({ error: 'no such item' })
    else res.json({ name: req.params.name, price })
  })
  return app
}

it('looks the price up within the trace of the request', async () => {
  await request(createShop()).get('/items/teapot').expect(200)
  await recorder.waitFor({ kind: 'SERVER' })

  expect(recorder).toMatchTrace(`
    SERVER GET /items/:name
      INTERNAL look up price
  `)
  expect(recorder).toBeComplete()
  expect(recorder).toFollowSemanticConventions()
})

it('does not count an unknown item as an error of the server', async () => {
  await request(createShop()).get('/items/kettle').expect(404)
  await recorder.waitFor({ kind: 'SERVER' })

  expect(recorder).toHaveSpan({
    name: 'GET /items/:name',
    status: 'unset',
    attributes: { 'http.response.status_code': 404, 'error.type': undefined },
  })
})
