import { connect } from 'node:net'

import { traceUndici, tracing, type UndiciTracingOptions } from '@spanwright/undici'
import type { Dispatcher } from 'undici'

import type { TestServer } from './server.ts'

type Trace = (
  dispatcher: Dispatcher,
  options?: UndiciTracingOptions,
) => [Pick<Dispatcher, keyof Dispatcher>, () => void]

/** The two ways to trace a dispatcher, and how they end. */
export const BOTH: [string, Trace][] = [
  ['tracing()', (dispatcher, options) => [dispatcher.compose(tracing(options)), () => undefined]],
  [
    'traceUndici()',
    (dispatcher, options) => {
      const handle = traceUndici(options)
      return [dispatcher, () => handle.stop()]
    },
  ],
]

/** Lets a server open tunnels, as a proxy does. It records who asked for them. */
export function openTunnels({ server, received }: TestServer): void {
  server.on('connect', (request, client) => {
    received.push({
      method: 'CONNECT',
      url: request.url ?? '',
      headers: request.headers,
      rawHeaders: request.rawHeaders,
    })
    const [host, port] = (request.url ?? '').split(':')
    const target = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.pipe(client).pipe(target)
    })
    target.on('error', () => client.destroy())
    target.on('close', () => client.destroy())
    client.on('error', () => target.destroy())
    client.on('close', () => target.destroy())
  })
}
