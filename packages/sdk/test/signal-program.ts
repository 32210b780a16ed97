import { createServer, get, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'

import { trace } from '@opentelemetry/api'
import { type HttpFramework, HttpServer } from '@spanwright/core/plugin'
import { onExit } from 'signal-exit'

import { startTracing } from '../src/index.ts'

// A server with an open request, which listens to signals according to its arguments, and prints its steps.
const [tracing = '', order = '', kind = '', ending = ''] = process.argv.slice(2)
const SIGNALS = ['SIGTERM', 'SIGINT'] as const
/** Has no types. */
const onExit3 = createRequire(__filename)('signal-exit-3') as typeof onExit

const FRAMEWORK: HttpFramework<IncomingMessage> = {
  url: req => req.url ?? '',
  origin: () => ({ scheme: 'http', host: undefined, clientAddress: undefined }),
  route: () => undefined,
}

let server: HttpServer<IncomingMessage> | undefined

function trackEverything(): void {
  if (tracing === 'untraced') return
  const make = (): void => {
    server = new HttpServer({ name: 'signals', version: '1.0.0' }, FRAMEWORK, { endOnShutdown: true })
  }
  if (tracing === 'server first') make()
  startTracing({ serviceName: 'signals', exporter: { protocol: 'http/json' } })
  if (tracing !== 'server first') make()
}

function listen(): void {
  // Both end the process when all listeners are theirs.
  if (kind.includes('signal-exit 3')) onExit3(() => void process.stdout.write('exit 3\n'))
  if (kind.includes('signal-exit 4')) onExit(() => void process.stdout.write('exit 4\n'))
  for (const signal of SIGNALS) {
    const close = (): void => {
      process.stdout.write('closing\n')
      if (ending === 'exit') process.exit(3)
      // The open request is closed after a while; then no work is left.
      setTimeout(() => {
        process.stdout.write('closed\n')
        http.closeAllConnections()
        http.close()
        process.exitCode = 5
      }, 200)
    }
    if (/^on\b/.test(kind)) process.on(signal, close)
    if (kind === 'once') process.once(signal, close)
    if (kind === 'prependListener') process.prependListener(signal, close)
    if (kind === 'prependOnceListener') process.prependOnceListener(signal, close)
    if (kind === 'two') process.on(signal, () => process.stdout.write('told\n')).once(signal, close)
  }
}

const http = createServer((req, res) => {
  const exchange = server?.begin(req, res, req)
  if (exchange) exchange.run(() => process.send?.('ready'))
  else process.send?.('ready')
})

if (order === 'before') listen()
trackEverything()
if (order === 'after') listen()
trace.getTracer('test').startSpan('first').end()
http.listen(0, '127.0.0.1', () => {
  get({ port: (http.address() as AddressInfo).port }).on('error', () => undefined)
})
process.channel?.unref()
