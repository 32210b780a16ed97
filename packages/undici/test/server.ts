import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'

import { jest } from '@jest/globals'
import { listen } from '@spanwright/test-kit'

// Real connections take their time on a busy machine.
jest.setTimeout(60_000)

/** A request as the server saw it. */
interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: string[]
}

/** A real HTTP server on a free port of 127.0.0.1 that records its requests. */
export interface TestServer extends AsyncDisposable {
  readonly origin: string
  readonly port: number
  readonly received: Received[]
  readonly server: Server
  stop(): Promise<void>
}

export async function startServer(listener: RequestListener = answerOk): Promise<TestServer> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    received.push(receivedFrom(request))
    listener(request, response)
  })
  const port = await listen(server)
  async function stop(): Promise<void> {
    server.closeAllConnections()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    received,
    server,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

const answerOk: RequestListener = (_, response) => {
  response.end('ok')
}

function receivedFrom({ method = '', url = '', headers, rawHeaders }: IncomingMessage): Received {
  return { method, url, headers, rawHeaders }
}
