import type { RouterInstance } from '@koa/router'
import { tracing } from '@spanwright/koa'
import type Koa from 'koa'
import type { Context, Middleware } from 'koa'

import { load } from '../load.ts'
import type { Case, Framework } from '../suite.ts'

/** A case of Koa. */
export type KoaCase = Case<Koa>

/** What a package of middleware exports: a function that makes it. */
export type Make = (...args: unknown[]) => Middleware

/** With koa-websocket an app has a separate chain for WebSockets. */
export type WithSockets = Koa & { readonly ws?: { use(middleware: Middleware): void } }

/** The newest release of each major version. */
export const KOA: readonly Framework<Koa>[] = [2, 3].map(major => ({
  name: `Koa ${major}`,
  major,
  create() {
    const app = new (load<typeof Koa>(`koa${major}`))()
    app.keys = ['secret']
    return app
  },
  trace(app) {
    app.use(tracing())
    ;(app as WithSockets).ws?.use(tracing())
  },
  routes: addRoutes,
  listen: app => app.listen(0, '127.0.0.1'),
}))

/** A router, and the app behind whose middleware its routes are. */
export function routed(app: Koa, add: (router: RouterInstance) => void): void {
  const { Router } = load<{ Router: new () => RouterInstance }>('@koa/router')
  const router = new Router()
  add(router)
  app.use(router.routes() as unknown as Middleware).use(router.allowedMethods() as unknown as Middleware)
}

/** What every app of the suite has behind its middleware. */
function addRoutes(app: Koa, log: string[]): void {
  app.on('error', (error: Error & { code?: string }) => {
    // Koa 3 reports this of some files that were sent completely, with tracing or without: pipeline() may hear of
    // the end of the response before that of the file.
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') return
    log.push(`error event: ${error.message}`)
    app.onerror(error)
  })
  routed(app, router => {
    router.get('/users/:id', ctx => void (ctx.body = { id: ctx.params['id'] }))
    router.get('/big/:id', ctx => void (ctx.body = 'many words '.repeat(2000)))
    router.post('/echo/:id', ctx => void (ctx.body = bodyOf(ctx as unknown as Context) ?? null))
    router.get('/fails/:id', () => {
      throw new TypeError('does not work')
    })
  })
}

/** What a parser found in the request. */
function bodyOf(ctx: Context): unknown {
  return (ctx.request as { body?: unknown }).body
}
