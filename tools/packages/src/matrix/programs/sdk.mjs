import { once } from 'node:events'
import { createServer } from 'node:http'

import { withSpan } from '@spanwright/core'
import { startTracing } from '@spanwright/sdk'

let received = 0
const collector = createServer((request, response) => {
  request.resume().on('end', () => {
    received++
    response.end()
  })
}).listen(0, '127.0.0.1')
await once(collector, 'listening')
const url = `http://127.0.0.1:${collector.address().port}/v1/traces`
const tracing = startTracing({ serviceName: 'matrix', exporter: { url } })
await withSpan('work', async () => withSpan('step', () => 1))
await tracing.shutdown()
collector.close()
const { started, exported } = { started: tracing.counts().started, exported: received }
if (started !== 2 || exported !== 1) throw new Error(`started ${started} spans, sent ${exported} requests`)
