import { trace } from '@opentelemetry/api'

import { startTracing } from '../src/index.ts'

// A program that ends in the way its argument names, while spans are waiting.
const [ending = '', mode = ''] = process.argv.slice(2)

startTracing({
  serviceName: 'ending',
  exporter: { protocol: 'http/json', timeout: 60_000 },
  flushTimeout: mode === 'bounded' ? '300ms' : '5s',
})

for (const name of ['first', 'second']) trace.getTracer('test').startSpan(name).end()

if (mode === 'own-listener') {
  process.on('SIGTERM', () => {
    // The app closes its resources; then no work is left.
    clearInterval(keepAlive)
    trace.getTracer('test').startSpan('while closing').end()
  })
}

const keepAlive = setInterval(() => {}, 1000)
if (ending === 'idle') clearInterval(keepAlive)
if (ending === 'exit-code') {
  process.exitCode = 3
  clearInterval(keepAlive)
}
if (ending === 'exit') process.exit(4)
if (ending === 'throw') {
  setImmediate(() => {
    throw new RangeError('out of reach')
  })
}
if (ending === 'reject') void Promise.reject(new RangeError('never handled'))
process.send?.('ready')
process.channel?.unref()
