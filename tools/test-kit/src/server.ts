import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net'

/** A server on a free port of 127.0.0.1; disposing of it closes it and its connections. */
export interface TestServer extends AsyncDisposable {
  readonly server: Server
  readonly port: number
  readonly origin: string
  /** Opens a connection and writes bytes on it, one for each character. */
  connect(bytes?: string): Socket
  /** Writes bytes on a separate connection, and returns the response once it is closed. */
  send(bytes: string): Promise<string>
}

/** How the servers of {@link serve} are created and reached. */
export interface Transport {
  readonly name: string
  readonly scheme: 'http' | 'https'
  readonly version: '1.1' | '2'
  /** The largest head of a request that `createServer` can be told to accept, in KiB. */
  readonly largestHead: number
  createServer(options: ServerOptions, listener: RequestListener): Server
  connect(port: number): Socket
}

/** Plain `node:http`. */
export const PLAIN: Transport = {
  name: 'node:http',
  scheme: 'http',
  version: '1.1',
  largestHead: 1024,
  createServer: (options, listener) => createServer(options, listener),
  connect: port => connect(port, '127.0.0.1'),
}

let transport = PLAIN

/** Makes {@link serve} use another transport from now on. */
export function serveOver(other: Transport): void {
  transport = other
}

/** The transport that {@link serve} uses: at first {@link PLAIN}. */
export function servedOver(): Transport {
  return transport
}

/**
 * Lets a server of any protocol listen on a free port of 127.0.0.1, and returns the port. Those of HTTP keep idle
 * connections: one that closes them can meet the next request when the machine stalls, which is then refused.
 */
export async function listen(server: NetServer): Promise<number> {
  if ('keepAliveTimeout' in server) server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Serves a listener or an app. */
export async function serve(listener: RequestListener, options: ServerOptions = {}): Promise<TestServer> {
  const server = transport.createServer(options, listener)
  const port = await listen(server)
  const sockets = new Set<Socket>()
  function open(bytes = ''): Socket {
    const socket = transport.connect(port)
    socket.on('error', () => undefined)
    sockets.add(socket)
    if (bytes) socket.write(bytes, 'latin1')
    return socket
  }
  return {
    server,
    port,
    origin: `${transport.scheme}://127.0.0.1:${port}`,
    connect: open,
    send: bytes => readAll(open(bytes)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      // Servers of node:http2 have no such method.
      ;(server as Partial<Server>).closeAllConnections?.()
      server.close()
      await once(server, 'close')
    },
  }
}

/** All data that a connection receives until the other end closes it. */
export async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

/** The next bytes that a connection receives, up to a text if one is given. */
export async function nextBytes(socket: Socket, text = ''): Promise<string> {
  let received = ''
  do {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    received += bytes.toString('latin1')
  } while (!received.includes(text))
  return received
}

/** The bytes of a request, after which the connection is closed unless headers say otherwise. */
export function requestOf(line: string, headers: readonly string[] = [], body = ''): string {
  const own = headers.some(header => /^connection:/i.test(header)) ? [] : ['Connection: close']
  const host = headers.some(header => /^host:/i.test(header)) ? [] : ['Host: shop.test']
  return `${[`${line} HTTP/1.1`, ...host, ...own, ...headers].join('\r\n')}\r\n\r\n${body}`
}

/**
 * The end of a response whose body was written as `a` and `b` at once: two chunks, which Node 26 merges into one, and
 * none over HTTP/2.
 */
export const A_AND_B: RegExp = /\r\n(?:1\r\na\r\n1\r\nb\r\n0\r\n|2\r\nab\r\n0\r\n|\r\nab)(?:\r\n)?$/
