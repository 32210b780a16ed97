import type { Server } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { connect } from 'node:tls'

import { serveOver } from '@spanwright/test-kit'

import { makeIdentity } from './certificate.ts'

/**
 * Has the rest of a test file serve HTTP/1.1 over TLS.
 * @param module `http2` for servers of `node:http2` that also accept HTTP/1.1
 */
export function serveOverTls(module: 'https' | 'http2'): void {
  const identity = makeIdentity()
  serveOver({
    scheme: 'https',
    createServer: (options, listener) =>
      module === 'https'
        ? createServer({ ...options, ...identity }, listener)
        : (createSecureServer({ ...identity, allowHTTP1: true }, listener as never) as unknown as Server),
    connect(port) {
      const plain = connectPlain(port, '127.0.0.1').on('error', () => undefined)
      const socket = connect({ socket: plain, host: '127.0.0.1', ca: identity.cert })
      // One over TLS cannot be reset itself.
      return Object.assign(socket, { resetAndDestroy: () => plain.resetAndDestroy() as never })
    },
  })
}
