import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'

import Router from '@koa/router'
import type { TracedFramework } from '@spanwright/http-servers'
import type { Context } from 'koa'

import { type KoaTracingOptions, tracing } from '@spanwright/koa'

import { type KoaClass, KOAS } from './versions.ts'

/** The versions of Koa, for the suites that all frameworks have in common. */
export const FRAMEWORKS: readonly TracedFramework[] = KOAS.map(({ name, Koa }) => ({
  name,
  serving: (handler, options) =>
    serving(
      Koa,
      ctx => {
        ctx.respond = false
        ctx.res.statusCode = 200
        return handler(ctx.req, ctx.res)
      },
      options,
    ),
  servingFile: (path, options) =>
    serving(
      Koa,
      async ctx => {
        ctx.length = (await stat(path)).size
        ctx.body = createReadStream(path)
      },
      options,
    ),
}))

function serving(Koa: KoaClass, handler: (ctx: Context) => unknown, options?: KoaTracingOptions) {
  const app = new Koa()
  app.silent = true
  const router = new Router().all('/items/:id', handler as never)
  app.use(tracing(options)).use(router.routes() as never)
  return app.callback() as ReturnType<TracedFramework['serving']>
}
