import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'

import Router from '@koa/router'
import type { TracedFramework } from '@spanwright/http-servers'
import type Koa from 'koa'
import type { Context } from 'koa'

import { type KoaTracingOptions, tracing } from '@spanwright/koa'

import { KOAS } from './versions.ts'

/** The versions of Koa, for the suites that all frameworks have in common. */
export const FRAMEWORKS: readonly TracedFramework[] = KOAS.map(({ name, Koa }) => ({
  name,
  serving: (handler, options, { trustProxy = false } = {}) =>
    serving(
      Object.assign(new Koa(), { proxy: trustProxy }),
      ctx => {
        ctx.respond = false
        ctx.res.statusCode = 200
        return handler(ctx.req, ctx.res)
      },
      options,
    ),
  servingFile: (path, options) =>
    serving(
      new Koa(),
      async ctx => {
        ctx.length = (await stat(path)).size
        ctx.body = createReadStream(path)
      },
      options,
    ),
}))

function serving(app: Koa, handler: (ctx: Context) => unknown, options?: KoaTracingOptions) {
  app.silent = true
  const router = new Router().all('/items/:id', handler as never)
  app.use(tracing(options)).use(router.routes() as never)
  return app.callback() as ReturnType<TracedFramework['serving']>
}
