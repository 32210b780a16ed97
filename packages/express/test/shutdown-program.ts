import { writeSync } from 'node:fs'
import type { AddressInfo } from 'node:net'

import { BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import express from 'express'

import { tracing } from '@spanwright/express'

// A server that answers nothing; it prints each span that ends.
const tracerProvider = new BasicTracerProvider({
  spanProcessors: [
    {
      onStart: () => undefined,
      onEnd({ name, attributes, status }: ReadableSpan) {
        writeSync(1, JSON.stringify({ name, error: attributes['error.type'], code: status.code }))
      },
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
  ],
})

const app = express().use(tracing({ endOnShutdown: true, tracerProvider }))
app.get('/x', () => process.send?.('arrived'))
if (process.argv.includes('listen')) process.on('SIGTERM', () => process.exit(3))
const server = app.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
