import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'

import { traceAgent, traceServer } from '@spanwright/http'
import { assertTrace, recordSpans } from '@spanwright/testing'

const recorder = recordSpans({ global: true })
const server = traceServer(createServer((_request, response) => response.end('item'))).listen(0, '127.0.0.1')
await once(server, 'listening')
const agent = traceAgent(new Agent())
get({ port: server.address().port, agent }, response => response.resume())
await recorder.waitFor({ kind: 'CLIENT' }, { timeout: 20_000 })
assertTrace(recorder, 'CLIENT GET\n  SERVER GET')
agent.destroy()
server.close()
