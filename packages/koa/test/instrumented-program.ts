// First, because it has to come before whatever loads `node:http`.
import { answerAll, SHOWN } from '@spanwright/http-servers/instrumented'

import { createRequire } from 'node:module'

import Router from '@koa/router'
import { withSpan } from '@spanwright/core'

import { tracing } from '@spanwright/koa'

import type { KoaClass } from './versions.ts'

// An app of one version of Koa, whose requests OpenTelemetry's HTTP instrumentation traces as well.
const Koa = createRequire(__filename)(process.argv[2] ?? 'koa') as KoaClass
const router = new Router({ prefix: '/shop' })
router.get('/users/:id', ctx => {
  ctx.set('x-kind', 'user')
  ctx.body = withSpan('beneath', () => 'ok')
})
router.get('/broken', () => {
  throw new RangeError('broken')
})
router.get('/refused', ctx => ctx.throw(422, 'no such colour'))
router.get('/half', ctx => {
  ctx.respond = false
  ctx.res.statusCode = 200
  ctx.res.on('error', () => undefined)
  ctx.res.write('half', () => ctx.res.destroy(Object.assign(new Error('disk'), { code: 'EIO' })))
})
router.get('/never', () => new Promise(() => undefined))

const app = new Koa()
app.silent = true
app.use(tracing(SHOWN))
app.use(async (ctx, next) => {
  if (ctx.path === '/ignored') ctx.body = withSpan('beneath', () => 'ok')
  else await next()
})
app.use(router.routes() as never)
void answerAll(app.callback())
