import { Agent, createServer, get, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { withSpan } from '@spanwright/core'
import { setRoute, traceAgent, traceServer } from '@spanwright/http'
import { startTracing } from '@spanwright/sdk'

const telemetry = startTracing({ serviceName: 'desk', exporter: 'console' })

const answer: RequestListener = (request, response) => {
  if (!request.url?.startsWith('/loans/')) {
    response.writeHead(404).end()
    return
  }
  setRoute('/loans/:id')
  void withSpan('find the loan', async () => response.end('1984'))
}

const agent = traceAgent(new Agent({ keepAlive: true }))
const server = traceServer(createServer(answer)).listen(0, '127.0.0.1', async () => {
  const { port } = server.address() as AddressInfo
  const ask = async (path: string): Promise<string> => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ port, host: '127.0.0.1', path, agent }, resolve).on('error', reject)
    })
    return `${response.statusCode} ${await text(response)}`.trim()
  }
  await withSpan('visit the desk', async () => {
    console.log(await ask('/loans/7'))
    console.log(await ask('/lost'))
  })
  agent.destroy()
  server.close()
  await telemetry.shutdown()
})
