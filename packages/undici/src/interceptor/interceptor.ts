import { show } from '@spanwright/core/plugin'

import { learnConnections } from '../process/connection.ts'
import { TracedDispatch } from './dispatch.ts'
import { httpClientFor, type UndiciTracingOptions } from '../entry-point.ts'
import { OriginSource } from '../process/origin.ts'
import type { Dispatch } from '../undici-types.ts'

/** An interceptor for `dispatcher.compose()` of undici 6, 7 and 8. */
export type TracingInterceptor = <D extends (options: never, handler: never) => boolean>(dispatch: D) => D

/**
 * Makes an interceptor that gives every request of a dispatcher a span: `new Agent().compose(tracing())`.
 *
 * Put it first in the list of interceptors: nearest to the wire, where each retry and each redirect is seen, and
 * where a response from a cache does not come by.
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
    const traced = new TracedDispatch(client, dispatch as unknown as Dispatch)
    const tracedDispatch: Dispatch = (request, handler) => traced.send(request, handler, source)
    return tracedDispatch as unknown as typeof dispatch
  }
}
