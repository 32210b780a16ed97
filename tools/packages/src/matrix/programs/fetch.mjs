import { once } from 'node:events'
import { createServer } from 'node:http'

import { assertTrace, recordSpans } from '@spanwright/testing'
import { traceFetch } from '@spanwright/undici'

const recorder = recordSpans({ global: true })
const server = createServer(({ headers }, response) => response.end(headers.traceparent)).listen(
  0,
  '127.0.0.1',
)
await once(server, 'listening')

const fetch = traceFetch(globalThis.fetch)
const received = await (await fetch(`http://127.0.0.1:${server.address().port}/`)).text()

assertTrace(recorder, 'CLIENT GET')
if (!received.includes(recorder.spans()[0].spanContext().spanId)) throw new Error('no context was sent')
server.close()
server.closeAllConnections()
