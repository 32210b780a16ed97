import { Duplex } from 'node:stream'

import { wrapMethod } from '../../../host/wrap.ts'
import type { ServerAnswer, ServerRequest } from '../framework.ts'

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})\b/
const SWITCHING_PROTOCOLS = 101

interface HandedOver {
  /** Told the status code that was sent, once. */
  handedOver(statusCode: number): void
}

/** True when a server closes the response: not that of an adapter, which may have anything in the place of a socket. */
export function isServed(req: ServerRequest, isUpgrade: boolean): boolean {
  return !isUpgrade && req.socket instanceof Duplex
}

/** True for the answer with which a connection changes to another protocol, or becomes a tunnel. */
export function isHandover(method: string, statusCode: number): boolean {
  if (statusCode === SWITCHING_PROTOCOLS) return true
  return statusCode >= 200 && statusCode < 300 && method === 'CONNECT'
}

/**
 * Watches the connection of a request that asks for another protocol: what takes it over (a WebSocket server, a proxy)
 * answers past the response.
 * @returns whether it does
 */
export function watchHandover(req: ServerRequest, res: ServerAnswer, exchange: HandedOver): boolean {
  // A listener of the server was given the connection together with the request.
  if ((req as { readonly upgrade?: unknown }).upgrade !== true) return false
  const { socket } = req
  // Some hand the request to the application only after the switch.
  if (socket.listenerCount('data') > 0) {
    setImmediate(() => exchange.handedOver(SWITCHING_PROTOCOLS))
    return true
  }
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
  return true
}
