import Router from '@koa/router'
import { testAnyRequest } from '@spanwright/http-servers'
import type { Middleware } from 'koa'
import mount from 'koa-mount'

import { tracing } from '@spanwright/koa'

import { FRAMEWORKS } from './frameworks.ts'
import { KOAS } from './versions.ts'

testAnyRequest(
  KOAS.map(({ name, Koa }) => ({
    ...FRAMEWORKS.find(framework => framework.name === name)!,
    routes: ['/shop/:a', '/shop/:a/:b', '/shop/*all', '/mounted/:x'],
    shop(traced) {
      const asked = { count: 0 }
      const app = new Koa()
      app.silent = true
      app.proxy = true
      app.use((_ctx, next) => {
        asked.count++
        return next()
      })
      if (traced) app.use(tracing({ captureHeaders: { request: ['x-id', 'cookie'], response: ['etag'] } }))
      const router = new Router({ prefix: '/shop' })
      router.use((_ctx, next) => next())
      router.all('/:a', ctx => void (ctx.body = ctx.params['a']))
      router.get('/:a/:b', ctx => ctx.throw(422))
      router.post('/*all', () => Promise.reject(new Error('no')))
      app.use(router.routes()).use(router.allowedMethods())
      const mounted = new Router().get('/:x', ctx => void (ctx.body = ctx.url))
      app.use(mount('/mounted', mounted.routes() as Middleware))
      return { app: app.callback(), asked }
    },
  })),
)
