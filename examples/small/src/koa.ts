import type { AddressInfo } from 'node:net'

import Router from '@koa/router'
import Koa from 'koa'

import { withSpan } from '@spanwright/core'
import { tracing } from '@spanwright/koa'
import { startTracing } from '@spanwright/sdk'

const telemetry = startTracing({ serviceName: 'library', exporter: 'console' })

const router = new Router({ prefix: '/shelves/:shelf' })
router.get('/books/:isbn', async ctx => {
  const title = await withSpan('look the title up', async () => `Book ${ctx.params['isbn']}`)
  ctx.body = { title }
})
router.post('/books', async ctx => {
  await withSpan('find room', async () => ctx.throw(507, 'no room on the shelf'))
})

const app = new Koa()
app.silent = true
app.use(tracing({ layers: 'spans' }))
app.use(router.routes())

const server = app.listen(0, '127.0.0.1', async () => {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const get = await fetch(`${origin}/shelves/7/books/1984`)
  console.log(await get.json())
  const post = await fetch(`${origin}/shelves/7/books`, { method: 'POST' })
  console.log(post.status, await post.text())
  server.close()
  server.closeIdleConnections()
  await telemetry.shutdown()
})
