import type { Span } from '@opentelemetry/api'

import { attempt, reportFailure } from '../host/guard.ts'
import { show } from '../host/options.ts'
import { type CurrentRequest, currentRequest } from '../http/server/current-request.ts'
import type { ServerRequest } from '../http/server/framework.ts'
import { exchangeOf } from '../http/server/open-requests.ts'

/**
 * Returns the server span of the current request, even when another span is active. Use it for data about the request
 * as a whole: `requestSpan()?.setAttribute('user.id', user.id)`. Never throws.
 * @returns undefined outside a request or call traced by a server of this process, and once its response has ended
 */
export function requestSpan(): Span | undefined {
  return currentRequest()?.span
}

/**
 * Sets the route of a request when no router reports one: the attribute `http.route`, the span name and the
 * metrics. It overrides the route found by the framework; the last call wins. Does nothing outside a request, or once
 * its response has ended. Never throws.
 * @param pattern of low cardinality, such as `/users/:id`; a value other than a non-empty string is reported to `diag`
 */
export function setRoute(pattern: string): void
/**
 * Does the same when the context of the request is not active.
 * @param request the request of `node:http`, or of the compatibility API of `node:http2`
 */
export function setRoute(request: ServerRequest, pattern: string): void
export function setRoute(...given: readonly [string] | readonly [ServerRequest, string]): void {
  const pattern: unknown = given.at(-1)
  if (typeof pattern !== 'string' || pattern === '') {
    reportFailure('setRoute()', new TypeError(`the route must be a non-empty string; got ${show(pattern)}`))
  } else if (given.length === 1) currentRequest()?.setRoute?.(pattern)
  else attempt('setRoute()', giveRoute, given[0], pattern)
}

/**
 * Notes an error that a framework or a filter of the application answers itself, so that `tracing()` cannot see it. On a
 * 5xx it gives the span and the metric its `error.type`; below 500 it becomes an exception event, unless its `status` is
 * below 500 too. In a handler of gRPC it becomes an exception event beside the status. The last error wins. Does nothing
 * outside a request, or once its response has ended. Never throws.
 * @param error the caught value
 */
export function recordRequestError(error: unknown): void {
  currentRequest()?.recordError(error)
}

function giveRoute(request: ServerRequest, pattern: string): void {
  const exchange = exchangeOf(request)
  if (exchange && 'setRoute' in exchange) (exchange as unknown as CurrentRequest).setRoute?.(pattern)
}
