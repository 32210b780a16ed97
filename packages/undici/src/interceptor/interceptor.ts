import { show } from '@spanwright/core/plugin'

import { learnConnections } from '../process/connection.ts'
import { TracedDispatch } from './dispatch.ts'
import { httpClientFor, type UndiciTracingOptions } from '../entry-point.ts'
import { OriginSource } from '../process/origin.ts'
import type { Dispatch } from '../undici-types.ts'

/** An interceptor for `dispatcher.compose()` of undici 6, 7 and 8. */
export type TracingInterceptor = <D extends (options: never, handler: never) => boolean>(dispatch: D) => D

/**
 * Creates an interceptor that traces every request of a dispatcher: `new Agent().compose(tracing())`.
 *
 * Put it first in the list of interceptors: there it is nearest to the wire, sees each retry and redirect, and does not
 * see responses served from a cache.
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function tracing(options?: UndiciTracingOptions): TracingInterceptor {
  const client = httpClientFor('tracing()', options)
  learnConnections()
  return function spanwright(dispatch) {
    if (typeof dispatch !== 'function') {
      throw new TypeError(
        `tracing() makes an interceptor for dispatcher.compose(), which gives it a dispatch function; got ${show(dispatch)}`,
      )
    }
    const source = new OriginSource()
    const traced = new TracedDispatch(client, dispatch as unknown as Dispatch, { copies: undefined })
    const tracedDispatch: Dispatch = (request, handler) => traced.send(request, handler, source)
    return tracedDispatch as unknown as typeof dispatch
  }
}
