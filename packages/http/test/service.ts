import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Server as NetServer } from 'node:net'

import { afterEach, expect } from '@jest/globals'
import { trace } from '@opentelemetry/api'
import { listen as listenOnFreePort, readAll } from '@spanwright/test-kit'

import { setRoute } from '@spanwright/http'

export const open = new Set<NetServer>()

export async function listen<S extends NetServer>(server: S): Promise<S> {
  open.add(server)
  await listenOnFreePort(server)
  return server
}

afterEach(async () => {
  for (const server of open) {
    ;(server as Partial<Server>).closeAllConnections?.()
    server.close()
    await once(server, 'close')
  }
  open.clear()
})

export function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port
}

export async function send(server: NetServer, bytes: string): Promise<string> {
  const socket = connect(portOf(server), '127.0.0.1')
  socket.write(bytes, 'latin1')
  return readAll(socket)
}

export async function bodyOf(response: AsyncIterable<unknown>): Promise<string> {
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return body
}

/** Answers with the id of the span that is active. */
export function answer(_req: IncomingMessage, res: ServerResponse): void {
  setRoute('/items/:id')
  res.end(trace.getActiveSpan()?.spanContext().spanId)
}

export const ITEM = {
  'http.request.method': 'GET',
  'http.response.status_code': 200,
  'http.route': '/items/:id',
  'url.path': '/items/7',
  'url.scheme': 'http',
  'server.address': 'shop.test',
  'client.address': '127.0.0.1',
  'network.peer.address': '127.0.0.1',
  'network.peer.port': expect.any(Number),
  'network.protocol.version': '1.1',
}
