import { get } from 'node:http'

import Router from '@koa/router'
import { tracing } from '@spanwright/koa'
import { assertTrace, recordSpans } from '@spanwright/testing'
import Koa from 'koa'

const recorder = recordSpans({ global: true })
const router = new Router()
router.get('/items/:id', context => {
  context.body = { id: context.params.id }
})
const app = new Koa()
app.use(tracing())
app.use(router.routes())
const server = app.listen(0, '127.0.0.1', () =>
  get({ port: server.address().port, path: '/items/7', agent: false }, response => response.resume()),
)
await recorder.waitFor({ kind: 'SERVER' }, { timeout: 20_000 })
assertTrace(recorder, 'SERVER GET /items/:id')
server.close()
