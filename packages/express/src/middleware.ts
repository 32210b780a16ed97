import { exchangeOf, HttpServer, type HttpServerOptions } from '@spanwright/core/plugin'
import type { Request, RequestHandler } from 'express'

import { EXPRESS } from './framework.ts'
import { keepSilent, setLayers } from './layered.ts'
import type { Routes } from './routes.ts'
import { VERSION } from './version.ts'
import { watchApp, watchCalledApp } from './watch.ts'

/** Options of {@link tracing}. */
export interface ExpressTracingOptions extends HttpServerOptions<Request> {}

/**
 * Traces every request that reaches it: one server span each, from here to the end of the response. Register it
 * before everything else.
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function tracing(options: ExpressTracingOptions = {}): RequestHandler {
  const server = new HttpServer<Request, Routes>(
    { name: '@spanwright/express', version: VERSION },
    EXPRESS,
    options,
  )
  const { layers } = server
  const traceRequest: RequestHandler = function traceRequest(req, res, next) {
    const exchange = server.begin(req, res, req)
    if (exchange.traced) {
      exchange.routes = watchApp(req, layers.enabled)
    } else {
      const open = exchangeOf(req)
      if (open?.traced) open.routes = watchCalledApp(req, open.routes as Routes | undefined, layers.enabled)
    }
    if (!layers.enabled) {
      exchange.run(next)
      return
    }
    exchange.run(() => {
      const shown = layers.of(res)
      if (shown) setLayers(req, shown)
      next()
    })
  }
  keepSilent(traceRequest)
  return traceRequest
}
