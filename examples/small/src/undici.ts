import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { withSpan } from '@spanwright/core'
import { startTracing } from '@spanwright/sdk'
import { perCall, traceFetch, tracing } from '@spanwright/undici'
import { Agent, interceptors, request } from 'undici'

const telemetry = startTracing({ serviceName: 'reader', exporter: 'console' })

let attempts = 0
const library = createServer((asked, response) => {
  if (asked.url === '/old-shelf') response.writeHead(308, { location: '/shelves/7' })
  if (asked.url === '/busy' && attempts++ === 0) response.statusCode = 503
  if (asked.url?.startsWith('/lost')) response.statusCode = 404
  response.end(`traced: ${asked.headers['traceparent'] !== undefined}`)
})

async function visit(): Promise<void> {
  const { port } = library.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`

  // One fetch: each hop of a redirect has its span, and the context goes to this library alone.
  const fetch = traceFetch(globalThis.fetch, { propagateTo: [`127.0.0.1:${port}`] })
  const shelf = await fetch(`${origin}/old-shelf`)
  console.log('the shelf:', shelf.status, await shelf.text())

  // One call speaks for itself.
  const lost = await fetch(`${origin}/lost/1984?sig=secret`, {
    tracing: { urlTemplate: '/lost/{isbn}', propagate: false },
  })
  console.log('the book:', lost.status, await lost.text())

  // One dispatcher: tracing() comes first, and sees every attempt of the interceptors after it.
  const agent = new Agent()
  const dispatcher = agent.compose(tracing(), interceptors.retry({ minTimeout: 10 }))
  const options = { dispatcher, [perCall]: { name: 'ask until they answer' } }
  const busy = await request(`${origin}/busy`, options)
  console.log('the desk:', busy.statusCode, await busy.body.text())

  await agent.close()
}

library.listen(0, '127.0.0.1', async () => {
  // What is sent within one span is side by side beneath it: each hop, each attempt.
  await withSpan('visit the library', visit)
  library.close()
  library.closeAllConnections()
  await telemetry.shutdown()
})
