import type { ServerResponse } from 'node:http'

import { wrapMethod } from '../../../host/wrap.ts'
import type { ServerRequest } from '../framework.ts'

type Connection = ServerRequest['socket']

/** A response that waits for its turn. */
interface WaitingResponse {
  /** The connection has closed. */
  closed(): void
}

/** The pipelined responses of a connection that wait for their turn. */
const WAITING = new WeakMap<Connection, Set<WaitingResponse>>()

/**
 * Watches the connection of a pipelined request whose response waits for earlier ones: Node does not notify such a
 * response when the client disconnects.
 * @returns a function that stops watching; undefined when the response does not wait
 */
export function watchWaiting(
  req: ServerRequest,
  res: ServerResponse,
  response: WaitingResponse,
): (() => void) | undefined {
  if (res.socket) return undefined
  const { socket } = req
  // Without a connection.
  if (typeof socket?.once !== 'function') return undefined
  // One listener for all, because a client can send any number of requests.
  const waiting = WAITING.get(socket) ?? watch(socket)
  waiting.add(response)
  return () => waiting.delete(response)
}

/** Calls back when it is the response's turn and its buffered data is written to the connection. */
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
