import type { AddressInfo } from 'node:net'

import express, { type RequestHandler } from 'express'

import { withSpan } from '@spanwright/core'
import { tracing } from '@spanwright/express'
import { startTracing } from '@spanwright/sdk'

const telemetry = startTracing({ serviceName: 'library', exporter: 'console' })

const getBook: RequestHandler = async (req, res) => {
  const title = await withSpan('look the title up', async () => `Book ${String(req.params['isbn'])}`)
  res.json({ title })
}
const addBook: RequestHandler = () => {
  throw new RangeError('no room on the shelf')
}

const app = express().set('env', 'test') // which keeps Express from printing errors
app.use(tracing({ layers: 'spans' }))
app.use('/shelves/:shelf', express.Router().get('/books/:isbn', getBook).post('/books', addBook))

const server = app.listen(0, '127.0.0.1', async () => {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const call of ['GET /shelves/7/books/1984', 'POST /shelves/7/books', 'GET /shelves/7']) {
    const [method = '', path = ''] = call.split(' ')
    const { status } = await fetch(origin + path, { method, headers: { connection: 'close' } })
    console.log(`${call} was answered with ${status}`)
  }
  server.close()
  await telemetry.shutdown()
})
