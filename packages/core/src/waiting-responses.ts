import type { ServerResponse } from 'node:http'

import type { ServerRequest } from './http-framework.ts'

type Connection = ServerRequest['socket']

/** The responses of a connection that wait for their turn, by what is done when the connection is gone. */
const WAITING = new WeakMap<Connection, Set<() => void>>()

/**
 * Watches the connection of a pipelined request whose response waits for those before it: Node tells such a response
 * nothing when the client leaves.
 * @returns ends the watching; undefined when the response does not wait
 */
export function watchWaiting(
  req: ServerRequest,
  res: ServerResponse,
  gone: () => void,
): (() => void) | undefined {
  if (res.socket) return undefined
  const { socket } = req
  // One listener for all, because a client can send as many requests as it likes.
  const waiting = WAITING.get(socket) ?? watch(socket)
  waiting.add(gone)
  return () => waiting.delete(gone)
}

function watch(socket: Connection): Set<() => void> {
  const waiting = new Set<() => void>()
  WAITING.set(socket, waiting)
  socket.once('close', () => {
    for (const gone of waiting) gone()
  })
  return waiting
}
