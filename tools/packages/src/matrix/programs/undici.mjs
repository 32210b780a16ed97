import { once } from 'node:events'
import { createServer } from 'node:http'

import { assertTrace, recordSpans } from '@spanwright/testing'
import { traceUndici, tracing } from '@spanwright/undici'
import { Agent, request } from 'undici'

const recorder = recordSpans({ global: true })
const received = []
const server = createServer(({ headers }, response) => {
  received.push(headers.traceparent)
  response.end('item')
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${server.address().port}/`

const agent = new Agent().compose(tracing())
await (await request(url, { dispatcher: agent })).body.text()
const handle = traceUndici()
await (await request(url)).body.text()
handle.stop()

assertTrace(recorder, 'CLIENT GET\nCLIENT GET')
if (received.some(value => value === undefined)) throw new Error('a request had no traceparent')
await agent.close()
server.close()
server.closeAllConnections()
