import { HttpServer, type HttpServerOptions } from '@spanwright/core'
import type { Request, RequestHandler } from 'express'

import { EXPRESS } from './framework.ts'
import { VERSION } from './version.ts'

/** Options of {@link tracing}. */
export interface ExpressTracingOptions extends HttpServerOptions<Request> {}

/**
 * Traces every request that reaches it: one server span each, from here to the end of the response. Register it
 * before everything else.
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function tracing(options: ExpressTracingOptions = {}): RequestHandler {
  const server = new HttpServer<Request>({ name: '@spanwright/express', version: VERSION }, EXPRESS, options)
  return function tracing(req, res, next) {
    server.begin(req, res, req).run(next)
  }
}
