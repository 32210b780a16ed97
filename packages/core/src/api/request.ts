import type { Span } from '@opentelemetry/api'

import { reportFailure } from '../host/guard.ts'
import { show } from '../host/options.ts'
import { currentRequest } from '../http/server/current-request.ts'

/**
 * The server span of the request that is being answered, from anywhere beneath it and inside other spans too, for what
 * belongs to the request as a whole: `requestSpan()?.setAttribute('user.id', user.id)`. Never throws.
 * @returns undefined outside of a request that a `tracing()` of this process traces, and once its response is over
 */
export function requestSpan(): Span | undefined {
  return currentRequest()?.span
}

/**
 * Gives the request that is being answered its route, where no router can be seen: the attribute `http.route`, the name
 * of the span after the method, and the metrics. It goes before a route that the framework knows, and the last call
 * counts. Outside of a request, and once its response is over, nothing happens. Never throws.
 * @param pattern of low cardinality, such as `/users/:id`; anything but a non-empty string is reported to `diag`
 */
export function setRoute(pattern: string): void {
  if (typeof pattern === 'string' && pattern !== '') currentRequest()?.setRoute(pattern)
  else
    reportFailure('setRoute()', new TypeError(`the route must be a non-empty string; got ${show(pattern)}`))
}
