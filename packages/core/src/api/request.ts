import type { Span } from '@opentelemetry/api'

import { attempt, reportFailure } from '../host/guard.ts'
import { show } from '../host/options.ts'
import { type CurrentRequest, currentRequest } from '../http/server/current-request.ts'
import type { ServerRequest } from '../http/server/framework.ts'
import { exchangeOf } from '../http/server/open-exchanges.ts'

/**
 * The server span of the request that is being answered, from anywhere beneath it and inside other spans too, for what
 * belongs to the request as a whole: `requestSpan()?.setAttribute('user.id', user.id)`. Never throws.
 * @returns undefined outside of a request that a `tracing()` of this process traces, and once its response is over
 */
export function requestSpan(): Span | undefined {
  return currentRequest()?.span
}

/**
 * Gives a request that is being answered its route, where no router can be seen: the attribute `http.route`, the name of
 * the span after the method, and the metrics. It goes before a route that the framework knows, and the last call counts.
 * Outside of a request, and once its response is over, nothing happens. Never throws.
 * @param pattern of low cardinality, such as `/users/:id`; anything but a non-empty string is reported to `diag`
 */
export function setRoute(pattern: string): void
/**
 * Does the same where the context of the request is not active.
 * @param request the request of `node:http`, or of the compatibility API of `node:http2`
 */
export function setRoute(request: ServerRequest, pattern: string): void
export function setRoute(...given: readonly [string] | readonly [ServerRequest, string]): void {
  const pattern: unknown = given.at(-1)
  if (typeof pattern !== 'string' || pattern === '') {
    reportFailure('setRoute()', new TypeError(`the route must be a non-empty string; got ${show(pattern)}`))
  } else if (given.length === 1) currentRequest()?.setRoute(pattern)
  else attempt('setRoute()', giveRoute, given[0], pattern)
}

function giveRoute(request: ServerRequest, pattern: string): void {
  const exchange = exchangeOf(request)
  if (exchange && 'setRoute' in exchange) (exchange as unknown as CurrentRequest).setRoute(pattern)
}
