import { get } from 'node:http'

import { tracing } from '@spanwright/express'
import { assertTrace, recordSpans } from '@spanwright/testing'
import express from 'express'

const recorder = recordSpans({ global: true })
const app = express()
app.use(tracing())
app.get('/items/:id', (request, response) => response.json({ id: request.params.id }))
const server = app.listen(0, '127.0.0.1', () =>
  get({ port: server.address().port, path: '/items/7', agent: false }, response => response.resume()),
)
await recorder.waitFor({ kind: 'SERVER' }, { timeout: 20_000 })
assertTrace(recorder, 'SERVER GET /items/:id')
server.close()
