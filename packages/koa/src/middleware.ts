import { HttpServer, type HttpServerOptions } from '@spanwright/core/plugin'
import type { Context, Middleware } from 'koa'

import { KOA } from './framework.ts'
import { LayeredApps } from './layered-app.ts'
import { setLayers } from './layered.ts'
import { watchErrors } from './thrown.ts'
import { VERSION } from './version.ts'

/** Options of {@link tracing}. */
export interface KoaTracingOptions extends HttpServerOptions<Context> {}

/**
 * Traces every request that reaches it: one server span each, from here to the end of the response. Use it before
 * everything else: `app.use(tracing())`.
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function tracing(options: KoaTracingOptions = {}): Middleware {
  if (isContext(options)) {
    throw new TypeError('app.use(tracing): tracing makes the middleware, call it: app.use(tracing())')
  }
  const server = new HttpServer<Context>({ name: '@spanwright/koa', version: VERSION }, KOA, options)
  const apps = server.layers.enabled ? new LayeredApps() : undefined
  return function traceRequest(ctx, next) {
    const exchange = server.begin(ctx.req, ctx.res, ctx)
    if (!exchange.traced) return exchange.run(next)
    watchErrors(ctx)
    if (!apps) return exchange.run(next)
    return exchange.run(() => {
      setLayers(ctx, server.layers.of(ctx.res))
      return apps.run(traceRequest, ctx, next)
    })
  }
}

/** True when Koa called this function as if it were the middleware. */
function isContext(options: object | null): boolean {
  return options !== null && typeof options === 'object' && 'req' in options && 'res' in options
}
