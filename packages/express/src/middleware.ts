import {
  type Exchange,
  exchangeOf,
  guarded,
  HttpServer,
  type HttpServerOptions,
  isCalledAsMiddleware,
  letThrough,
} from '@spanwright/core/plugin'
import type { Request, RequestHandler, Response } from 'express'

import { EXPRESS } from './framework.ts'
import { keepSilent, setLayers } from './layered.ts'
import type { Routes } from './routes.ts'
import { VERSION } from './version.ts'
import { watchApp, watchCalledApp } from './watch.ts'

/** Options of {@link tracing}. */
export interface ExpressTracingOptions extends HttpServerOptions<Request> {}

/**
 * Creates middleware that traces every request that reaches it: one server span per request, from here to the end of
 * the response. Register it before everything else.
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function tracing(options: ExpressTracingOptions = {}): RequestHandler {
  if (isCalledAsMiddleware(arguments)) return letThrough(NOT_CALLED, arguments) as RequestHandler
  const server = new HttpServer<Request, Routes>(
    { name: '@spanwright/express', version: VERSION },
    EXPRESS,
    options,
  )
  const { layers } = server
  const watch = guarded('reading an app', (req: Request, exchange: Exchange<Routes>) => {
    if (exchange.traced) {
      exchange.routes = watchApp(req, layers.enabled)
      return
    }
    const open = exchangeOf(req)
    if (open?.traced) open.routes = watchCalledApp(req, open.routes as Routes | undefined, layers.enabled)
  })
  const showLayers = guarded('following layers', (req: Request, res: Response) => {
    const shown = layers.of(res)
    if (shown) setLayers(req, shown)
  })
  const traceRequest: RequestHandler = function traceRequest(req, res, next) {
    if (typeof next !== 'function') return letThrough(NOT_IN_KOA, [req, res])
    const exchange = server.begin(req, res, req)
    watch(req, exchange)
    return layers.enabled
      ? exchange.run(() => {
          showLayers(req, res)
          next()
        })
      : exchange.run(next)
  }
  keepSilent(traceRequest)
  return traceRequest
}

const NOT_CALLED =
  'tracing of @spanwright/express creates the middleware and must be called: app.use(tracing()); no request is traced'
const NOT_IN_KOA =
  'tracing() of @spanwright/express was used in an app of Koa, where it traces nothing: import it from @spanwright/koa'
