import { Duplex } from 'node:stream'

import { wrapMethod } from '../../../host/wrap.ts'
import type { ServerAnswer, ServerRequest } from '../framework.ts'

const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})\b/
const SWITCHING_PROTOCOLS = 101

interface HandedOver {
  /** Called once, with the status code that was sent. */
  handedOver(statusCode: number): void
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
