import { keepFace, originalOf, type ServerAnswer, type ServerRequest, show } from '@spanwright/core/plugin'

import { answer } from './answer.ts'
import { httpServerFor, type ServerTracingOptions } from './options.ts'

type AnyListener = (req: never, res: never) => unknown

/**
 * Wraps a listener for requests, of `node:http`, `node:https` or the compatibility API of `node:http2`: every request it
 * is called with has a server span, from here to the end of the response. The listener itself is not changed.
 * @throws TypeError when it isn't given a function, or an option is unknown or of the wrong type
 */
export function traceListener<Listener extends AnyListener>(
  listener: Listener,
  options?: ServerTracingOptions,
): Listener {
  if (typeof listener !== 'function') {
    throw new TypeError(`traceListener(): expected a function of request and response; got ${show(listener)}`)
  }
  const server = httpServerFor('traceListener()', options)
  if (originalOf(listener) !== undefined) return listener
  function traceRequest(this: unknown, ...args: [ServerRequest, ServerAnswer]): unknown {
    return answer(server, args[0], args[1], listener, this, args)
  }
  return keepFace(traceRequest as (...args: never[]) => unknown, listener) as Listener
}
