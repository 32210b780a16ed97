// First, because it has to come before whatever loads `node:http`.
import { spansOf } from '@spanwright/http-servers/instrumented'

import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { traceUndici } from '@spanwright/undici'

import { setRoute, traceAgent, traceHttp, traceServer } from '@spanwright/http'

// A server and clients, all of which are traced in every way there is, by OpenTelemetry's HTTP instrumentation as well.
// Prints the spans.
async function main(): Promise<void> {
  traceHttp()
  traceUndici()
  const server = createServer((req, res) => {
    setRoute(req, '/items/:id')
    res.end('ok')
  })
  traceServer(traceServer(server)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  for (const agent of [undefined, traceAgent(new Agent())]) {
    const sent = get({ port, host: '127.0.0.1', path: '/items/7', ...(agent && { agent }) })
    const [res] = (await once(sent, 'response')) as [IncomingMessage]
    await once(res.resume(), 'end')
  }
  await (await fetch(`http://127.0.0.1:${port}/items/7`, { headers: { connection: 'close' } })).text()
  server.close()
  server.closeIdleConnections()
  await once(server, 'close')
  process.stdout.write(JSON.stringify(spansOf()))
}

void main()
