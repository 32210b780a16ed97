import { createServer } from 'node:http'

/** Takes what tracing products send, and forgets it. */
export interface Sink {
  readonly origin: string
  /** Requests so far. */
  readonly received: number
  close(): void
}

/** Starts a server that says yes to everything, in the place of an agent or a service. */
export function startSink(): Promise<Sink> {
  let received = 0
  const server = createServer((req, res) => {
    received++
    req.resume().on('end', () => {
      res.setHeader('content-type', 'application/json')
      res.end('{}')
    })
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      resolve({
        origin: `http://127.0.0.1:${port}`,
        get received() {
          return received
        },
        close() {
          server.close()
          server.closeAllConnections()
        },
      })
    })
  })
}
