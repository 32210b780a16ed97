import { createServer } from 'node:http'

import Router from '@koa/router'
import Koa, { type Middleware } from 'koa'

import { isByHand } from '../by-hand/is-by-hand.ts'
import { tracingByHand } from '../by-hand/koa.ts'
import { listen, type OpenScenario } from '../scenario.ts'

const passThrough: Middleware = (_ctx, next) => next()
const passThroughToo: Middleware = (_ctx, next) => next()

/** Koa 3 with @koa/router: two pass-through middlewares, and a route that answers a small JSON. */
export const open: OpenScenario = async ({ variant }) => {
  const app = new Koa()
  if (variant === 'spanwright') app.use((await import('@spanwright/koa')).tracing())
  if (isByHand(variant)) app.use(tracingByHand())
  app.use(passThrough)
  app.use(passThroughToo)
  const router = new Router()
  router.get('/users/:id', ctx => {
    ctx.body = { id: ctx.params['id'], name: 'Ada' }
  })
  app.use(router.routes())
  return listen(createServer(app.callback()))
}
