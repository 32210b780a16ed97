import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

/** A server on a free port of this machine, gone with its connections when it is disposed of. */
export interface TestServer extends AsyncDisposable {
  readonly server: Server
  readonly port: number
  readonly origin: string
  /** A raw connection to it. */
  connect(): Socket
}

/** Serves a listener or an app. */
export async function serve(listener: RequestListener): Promise<TestServer> {
  const server = createServer({ maxHeaderSize: 128 * 1024 }, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets = new Set<Socket>()
  return {
    server,
    port,
    origin: `http://127.0.0.1:${port}`,
    connect() {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      sockets.add(socket)
      return socket
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Everything a connection receives until the other end closes it. */
export async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}
