import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'

import { listen as listenOnFreePort } from '@spanwright/test-kit'

const open = new Set<{ readonly server: Server; readonly sockets: Set<Socket> }>()

/** Lets a server listen on a free port of 127.0.0.1, until {@link closeServices}. */
export async function listen(server: Server): Promise<Server> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await listenOnFreePort(server)
  open.add({ server, sockets })
  return server
}

/** Serves a Koa app, as `app.listen()` does, on a free port of 127.0.0.1. */
export function serve(app: { callback(): unknown }): Promise<Server> {
  return listen(createServer(app.callback() as RequestListener))
}

/** Closes every server and connection of the test. */
export async function closeServices(): Promise<void> {
  const closing = [...open].map(async ({ server, sockets }) => {
    const closed = new Promise(resolve => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  })
  open.clear()
  await Promise.all(closing)
}

export function portOf(server: Pick<Server, 'address'>): number {
  return (server.address() as AddressInfo).port
}

/** Opens a connection and writes a request to it unchanged, with `\n` for the ends of lines. */
export async function openRequest(server: Server, text: string): Promise<Socket> {
  const socket = connect(portOf(server), '127.0.0.1')
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.write(lines(text), 'latin1')
  return socket
}

/** Sends a request unchanged, and waits for the whole response until the connection is closed. */
export async function send(server: Server, text: string): Promise<string> {
  const socket = await openRequest(server, text)
  let answer = ''
  for await (const chunk of socket) answer += String(chunk)
  return answer
}

/** Waits for the first bytes of the answer. */
export async function firstBytes(socket: Socket): Promise<string> {
  return String(await new Promise(resolve => socket.once('data', resolve)))
}

function lines(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll('\n', '\r\n')
}
