import { attempt, exchangeOf, type ServerRequest } from '@spanwright/core/plugin'

/**
 * Records the error that led to a response, for frameworks that catch what handlers throw: as an exception event, and as
 * the `error.type` of a response with a status of 500 or above. Does nothing for a request that isn't traced, or once
 * its response has ended. Never throws.
 * @param request the request of `node:http`, or of the compatibility API of `node:http2`
 */
export function recordError(request: ServerRequest, error: unknown): void {
  attempt('recordError()', giveError, request, error)
}

function giveError(request: ServerRequest, error: unknown): void {
  exchangeOf(request)?.recordError(error)
}
