import type { ClientRequest as NodeRequest } from 'node:http'

import { attempt, type ClientRequest, sizeOf, wrapMethod } from '@spanwright/core/plugin'

/**
 * Counts the bytes of a request body as the caller writes them.
 * @param announced the value of its `Content-Length` header, which counts when nothing is written
 */
export function countBody(req: NodeRequest, request: ClientRequest, announced: unknown): void {
  const length = Number(announced ?? Number.NaN)
  if (length >= 0) request.announcedBody(length)
  const note = (chunk: unknown, encoding: unknown): void => request.sentBody(sizeOf(chunk, encoding))
  const counted = (method: (...args: never[]) => unknown) =>
    function (this: unknown, ...args: unknown[]): unknown {
      // `end` may have a callback alone.
      if (args[0] && typeof args[0] !== 'function') attempt('reading a request body', note, args[0], args[1])
      return Reflect.apply(method, this, args)
    }
  wrapMethod(req, 'write', counted)
  wrapMethod(req, 'end', counted)
}
