import { afterAll, expect, it } from '@jest/globals'
import { recordSpans } from '@spanwright/testing'
import request from 'supertest'
import '@spanwright/testing/jest'
import { createShop } from './shop.js'

const recorder = recordSpans({ global: true })
const { app, end } = createShop()
afterAll(async () => {
  await end()
  await recorder.stop()
})

it('traces a request, its query and its fetch', async () => {
  await request(app).get('/items/postgres').expect(200, { name: 'postgres', price: 24 })
  await recorder.waitFor({ name: 'GET /items/:id' }, { timeout: 10_000 })
  expect(recorder).toMatchTrace(`
    SERVER GET /items/:id
      CLIENT SELECT pg_database
      CLIENT GET
        SERVER GET /prices/:id
  `)
  expect(recorder).toBeComplete()
  expect(recorder).toFollowSemanticConventions()
}, 30_000)
