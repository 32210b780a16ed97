import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A server on a free port. */
export interface Served extends AsyncDisposable {
  readonly port: number
  readonly server: Server
}

export async function serve(listener: RequestListener): Promise<Served> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    server,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await once(server.close(), 'close')
    },
  }
}

/** What a client sees of a request: the answer without its date, or the code of the error. */
export async function ask(port: number, method: string, path: string, body?: string): Promise<unknown> {
  const req = request({
    port,
    host: '127.0.0.1',
    method,
    path,
    headers: { baggage: 'a=1', accept: 'text/plain' },
  })
  req.end(body)
  try {
    const [response] = (await once(req, 'response')) as [IncomingMessage]
    const { date: _, 'server-timing': _trace, ...headers } = response.headers
    return { status: response.statusCode, headers, body: await text(response) }
  } catch (error) {
    return { code: (error as { code?: unknown }).code }
  }
}
