// First, because it has to come before whatever loads `node:http`.
import { spansOf } from '@spanwright/http-servers/instrumented'

import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { setRoute, traceHttp, traceServer } from '@spanwright/http'

// A server and a client that OpenTelemetry's HTTP instrumentation traces as well. Prints the spans.
async function main(): Promise<void> {
  traceHttp()
  const server = createServer((req, res) => {
    setRoute(req, '/items/:id')
    res.end('ok')
  })
  traceServer(traceServer(server)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const [res] = (await once(get({ port, host: '127.0.0.1', path: '/items/7' }), 'response')) as [
    IncomingMessage,
  ]
  await once(res.resume(), 'end')
  server.close()
  await once(server, 'close')
  process.stdout.write(JSON.stringify(spansOf()))
}

void main()
