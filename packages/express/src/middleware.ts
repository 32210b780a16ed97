import { HttpServer, type HttpServerOptions } from '@spanwright/core'
import type { Request, RequestHandler } from 'express'

import { EXPRESS, setRoutes } from './framework.ts'
import { VERSION } from './version.ts'
import { watchApp } from './watch.ts'

/** Options of {@link tracing}. */
export interface ExpressTracingOptions extends HttpServerOptions<Request> {}

/**
 * Traces every request that reaches it: one server span each, from here to the end of the response. Register it
 * before everything else.
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function tracing(options: ExpressTracingOptions = {}): RequestHandler {
  const server = new HttpServer<Request>({ name: '@spanwright/express', version: VERSION }, EXPRESS, options)
  return function traceRequest(req, res, next) {
    const exchange = server.begin(req, res, req)
    if (exchange.traced) {
      const routes = watchApp(req)
      if (routes) setRoutes(req, routes)
    }
    exchange.run(next)
  }
}
