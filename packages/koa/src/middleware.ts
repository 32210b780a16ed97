import {
  attempt,
  type Exchange,
  HttpServer,
  type HttpServerOptions,
  isCalledAsMiddleware,
  letThrough,
} from '@spanwright/core/plugin'
import type { Context, Middleware, Next } from 'koa'

import { KOA } from './framework.ts'
import { LayeredApps } from './layered-app.ts'
import { setLayers } from './layered.ts'
import { watchMounts } from './mount.ts'
import { watchErrors, watchRejection } from './thrown.ts'
import { VERSION } from './version.ts'

/** Options of {@link tracing}. */
export interface KoaTracingOptions extends HttpServerOptions<Context> {}

/**
 * Creates middleware that traces every request that reaches it: one server span per request, from here to the end of
 * the response. Use it before everything else: `app.use(tracing())`.
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function tracing(options: KoaTracingOptions = {}): Middleware {
  if (isCalledAsMiddleware(arguments)) return letThrough(NOT_CALLED, arguments) as Middleware
  const server = new HttpServer<Context>({ name: '@spanwright/koa', version: VERSION }, KOA, options)
  const apps = server.layers.enabled ? new LayeredApps() : undefined
  return function traceRequest(ctx, next) {
    if (typeof next !== 'function') return letThrough(NOT_IN_EXPRESS, arguments)
    const exchange = server.begin(ctx.req, ctx.res, ctx)
    if (!exchange.traced) return exchange.run(next)
    attempt('following a request', watchErrors, ctx)
    attempt('following mounts', watchMounts, ctx)
    const handling = apps ? runLayered(exchange, apps, server, traceRequest, ctx, next) : exchange.run(next)
    attempt('following a request', watchRejection, ctx, traceRequest, handling)
    return handling
  }
}

/** Not in the middleware, where its closure would cost every request something (benchmark row: Koa). */
function runLayered(
  exchange: Exchange<unknown>,
  apps: LayeredApps,
  server: HttpServer<Context>,
  own: Middleware,
  ctx: Context,
  next: Next,
): unknown {
  return exchange.run(() => {
    setLayers(ctx, server.layers.of(ctx.res))
    return apps.run(own, ctx, next)
  })
}

const NOT_CALLED =
  'tracing of @spanwright/koa creates the middleware and must be called: app.use(tracing()); no request is traced'
const NOT_IN_EXPRESS =
  'tracing() of @spanwright/koa was used in an app of Express, where it traces nothing: import it from @spanwright/express'
