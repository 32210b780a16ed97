import type { ServerResponse } from 'node:http'

import { wrapMethod } from '../../../host/wrap.ts'
import type { ServerRequest } from '../framework.ts'

type Connection = ServerRequest['socket']

/** A response that waits for its turn. */
interface WaitingResponse {
  /** The connection is gone. */
  closed(): void
}

/** The responses of a connection that wait for their turn. */
const WAITING = new WeakMap<Connection, Set<WaitingResponse>>()

/**
 * Watches the connection of a pipelined request whose response waits for those before it: Node tells such a response
 * nothing when the client leaves.
 * @returns ends the watching; undefined when the response does not wait
 */
export function watchWaiting(
  req: ServerRequest,
  res: ServerResponse,
  response: WaitingResponse,
): (() => void) | undefined {
  if (res.socket) return undefined
  const { socket } = req
  // Not on a connection at all.
  if (typeof socket?.once !== 'function') return undefined
  // One listener for all, because a client can send as many requests as it likes.
  const waiting = WAITING.get(socket) ?? watch(socket)
  waiting.add(response)
  return () => waiting.delete(response)
}

/** Calls back when the turn of a response has come, and what was written before goes to its connection. */
export function watchTurn(res: ServerResponse, turnCame: () => void): void {
  wrapMethod(res, 'assignSocket', assignSocket => {
    return function assign(this: ServerResponse, ...args: Parameters<ServerResponse['assignSocket']>) {
      Reflect.apply(assignSocket, this, args)
      turnCame()
    }
  })
}

function watch(socket: Connection): Set<WaitingResponse> {
  const waiting = new Set<WaitingResponse>()
  WAITING.set(socket, waiting)
  socket.once('close', () => {
    for (const response of waiting) response.closed()
  })
  return waiting
}
