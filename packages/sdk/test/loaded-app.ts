import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate } from 'node:timers/promises'

import { withSpan } from '@spanwright/core'

import { ratio, type SpanCounts, startTracing, type StartTracingOptions } from '../src/index.ts'

/** The state of the app: on request, and at its end. */
export interface Standing {
  readonly counts: SpanCounts
  /** Bytes used on the heap. */
  readonly heap: number
}

// A separate app that answers requests, with spans below each, until SIGTERM: then it finishes open requests and ends.
const tracing = startTracing({
  serviceName: 'loaded',
  sampler: ratio(0.8),
  ...(JSON.parse(process.argv[2] ?? '{}') as StartTracingOptions),
})

let isEnding = false

const server = createServer((request, response) => {
  if (isEnding) response.setHeader('connection', 'close')
  void withSpan('answer', async () => {
    await withSpan('look up', () => setImmediate())
    withSpan('render', () => response.end(`answer to ${request.url}`))
  })
})

function standing(): Standing {
  return { counts: tracing.counts(), heap: process.memoryUsage().heapUsed }
}

process.on('message', (question: 'standing' | 'heap') => {
  if (question === 'heap') globalThis.gc?.()
  process.send?.(standing())
})
process.on('SIGTERM', () => {
  isEnding = true
  server.close(() => void end())
})

async function end(): Promise<void> {
  await tracing.shutdown()
  process.send?.(standing())
  process.disconnect?.()
}

server.listen(0, '127.0.0.1')
void once(server, 'listening').then(() => process.send?.((server.address() as AddressInfo).port))
