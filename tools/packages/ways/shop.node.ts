import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, it } from 'node:test'
import { assertComplete, assertConventions, assertTrace, recordSpans } from '@spanwright/testing'
import { createShop } from './shop.js'

const recorder = recordSpans({ global: true })
const { app, end } = createShop()
const server = app.listen(0, '127.0.0.1')
after(async () => {
  server.close()
  server.closeAllConnections()
  await end()
  await recorder.stop()
})

void it('traces a request, its query and its fetch', async () => {
  if (!server.listening) await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const response = await fetch(`http://127.0.0.1:${port}/items/postgres`)
  assert.deepEqual(await response.json(), { name: 'postgres', price: 24 })
  await recorder.waitFor({ name: 'GET /items/:id' }, { timeout: 10_000 })
  assertTrace(
    recorder,
    `
    SERVER GET /items/:id
      CLIENT SELECT pg_database
      CLIENT GET
        SERVER GET /prices/:id
    `,
  )
  assertComplete(recorder)
  assertConventions(recorder)
})
