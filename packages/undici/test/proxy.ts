import { connect } from 'node:net'

import { traceUndici, tracing } from '@spanwright/undici'
import type { Dispatcher } from 'undici'

import type { TestServer } from './server.ts'

type Trace = (dispatcher: Dispatcher) => [Pick<Dispatcher, keyof Dispatcher>, () => void]

/** The two ways to trace a dispatcher, and how they end. */
export const BOTH: [string, Trace][] = [
  ['tracing()', dispatcher => [dispatcher.compose(tracing()), () => undefined]],
  [
    'traceUndici()',
    dispatcher => {
      const handle = traceUndici()
      return [dispatcher, () => handle.stop()]
    },
  ],
]

/** Lets a server open tunnels, as a proxy does. It remembers who asked for them. */
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
