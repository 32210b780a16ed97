import type { Socket } from 'node:net'

import { attempt, type ClientConnection, type ClientRequest } from '@spanwright/core/plugin'
import {
  EVENT_CONNECT_END,
  EVENT_CONNECT_START,
  EVENT_DNS_END,
  EVENT_REQUEST_START,
  EVENT_TLS_END,
} from '@spanwright/core/semconv'

/** Connections that are measured. */
const connections = new WeakMap<Socket, ClientConnection>()

/** True once there is such a connection: then requests of all clients count. */
let isCounting = false

/** When connections were opened, on the clock of `performance.now()`. */
const opened = new WeakMap<Socket, number>()

/** Calls back when the connection of a request is open. */
export function whenConnected(
  request: ClientRequest,
  socket: Socket,
  isReused: boolean,
  connected: () => void,
): void {
  const isEncrypted = (socket as { encrypted?: boolean }).encrypted === true
  if (isReused || !socket.connecting) {
    request.reached(EVENT_REQUEST_START)
    return connected()
  }
  if (!opened.has(socket)) opened.set(socket, performance.now())
  const listen = (event: string, then: () => void): void => {
    const listener = (): void => attempt('following a connection', then)
    socket.once(event, listener)
    // A request may end before its connection is open; another request then uses that.
    request.whenOver(() => socket.removeListener(event, listener))
  }
  if (request.wantsStages) {
    request.reached(EVENT_CONNECT_START)
    listen('lookup', () => request.reached(EVENT_DNS_END))
    if (isEncrypted) listen('connect', () => request.reached(EVENT_CONNECT_END))
  }
  listen(isEncrypted ? 'secureConnect' : 'connect', () => {
    request.reached(isEncrypted ? EVENT_TLS_END : EVENT_CONNECT_END)
    request.reached(EVENT_REQUEST_START)
    connected()
  })
}

/** A request is written to an open connection. */
export function noteConnection(request: ClientRequest, socket: Socket): void {
  const { remoteAddress, remotePort } = socket
  request.sentTo({ address: remoteAddress, port: remotePort, version: '1.1' })
  if (!isCounting && !request.wantsConnections) return
  let connection = connections.get(socket)
  if (!connection) {
    connection = request.connectionOver(opened.get(socket) ?? performance.now())
    if (!connection) return
    isCounting = true
    connections.set(socket, connection)
    socket.once('close', () => connections.get(socket)?.closed())
  }
  const used = connection
  used.took()
  request.whenOver(() => used.gaveBack())
}
