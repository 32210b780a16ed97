import type { ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'

import { wrapMethod } from '../../../host/wrap.ts'
import type { ServerAnswer, ServerRequest } from '../framework.ts'

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})\b/
const SWITCHING_PROTOCOLS = 101

interface HandedOver {
  /** Called once, with the status code that was sent. */
  handedOver(statusCode: number): void
  /** The connection was closed. */
  closed(): void
}

/** True when a server closes the response; false for an adapter, which may use any object as socket. */
export function isServed(req: ServerRequest, isUpgrade: boolean): boolean {
  return !isUpgrade && req.socket instanceof Duplex
}

/** True for a response that switches the connection to another protocol, or makes it a tunnel. */
export function isHandover(method: string, statusCode: number): boolean {
  if (statusCode === SWITCHING_PROTOCOLS) return true
  return statusCode >= 200 && statusCode < 300 && method === 'CONNECT'
}

/**
 * Watches the connection of a request for another protocol: the code that takes it over (a WebSocket server, a proxy)
 * answers without using the response.
 * @returns whether the connection is watched
 */
export function watchHandover(req: ServerRequest, res: ServerAnswer, exchange: HandedOver): boolean {
  // The server passed the connection to a listener together with the request.
  if ((req as { readonly upgrade?: unknown }).upgrade !== true) return false
  const { socket } = req
  // Some libraries pass the request to the application only after the switch.
  if (socket.listenerCount('data') > 0) {
    setImmediate(() => exchange.handedOver(SWITCHING_PROTOCOLS))
    return true
  }
  watchStatusLine(socket, res, exchange)
  return true
}

/** Watches a connection that the application has taken from its response, which Node no longer closes. */
export function watchDetached(socket: Connection, res: ServerAnswer, exchange: HandedOver): void {
  watchStatusLine(socket, res, exchange)
  socket.once('close', () => exchange.closed())
}

/** Waits for what is written to a connection past the response. */
function watchStatusLine(socket: Connection, res: ServerAnswer, exchange: HandedOver): void {
  const look = (chunk: unknown): void => {
    for (const restore of restores) restore()
    if (res.headersSent || typeof chunk === 'function' || chunk === undefined) return
    const line =
      typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('latin1', 0, 16)
    exchange.handedOver(Number(STATUS_LINE.exec(line)?.[1] ?? SWITCHING_PROTOCOLS))
  }
  const restores = (['write', 'end'] as const).map(name =>
    wrapMethod(socket, name, original => {
      const method = original as (...args: unknown[]) => unknown
      return function send(this: unknown, ...args: unknown[]) {
        const result = Reflect.apply(method, this, args)
        look(args[0])
        return result
      }
    }),
  )
}

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
