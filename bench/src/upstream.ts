import { createServer, type Socket } from 'node:net'

/** A server for clients to call. */
export interface Upstream {
  /** `host:port` */
  readonly address: string
  close(): void
}

const BODY = JSON.stringify({ id: '42', name: 'Ada' })
const RESPONSE = Buffer.from(
  [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${BODY.length}`,
    'Connection: keep-alive',
    'Keep-Alive: timeout=60',
    '',
    BODY,
  ].join('\r\n'),
)

/** Answers every request without a body with the same small JSON, for as little as possible. */
export function startUpstream(): Promise<Upstream> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    let end = ''
    socket.setNoDelay(true)
    socket.on('data', chunk => {
      // A head may come in parts: what counts is how often its end has come by.
      const text = end + chunk.toString('latin1')
      end = text.slice(-3)
      for (let at = text.indexOf('\r\n\r\n'); at >= 0; at = text.indexOf('\r\n\r\n', at + 4)) {
        socket.write(RESPONSE)
        end = ''
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      resolve({
        address: `127.0.0.1:${port}`,
        close() {
          server.close()
          for (const socket of sockets) socket.destroy()
        },
      })
    })
  })
}
