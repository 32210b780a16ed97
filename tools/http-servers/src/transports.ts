import type { Server } from 'node:http'
import {
  createSecureServer,
  createServer as createHttp2Server,
  type SecureServerOptions,
  type ServerOptions,
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect } from 'node:tls'

import { afterAll, beforeAll, describe } from '@jest/globals'
import { PLAIN, servedOver, serveOver, type Transport } from '@spanwright/test-kit'

import { type Identity, makeIdentity } from './certificate.ts'
import { Http2Gateway } from './gateway.ts'

/** What servers over TLS prove themselves with. */
export const IDENTITY: Identity = makeIdentity()

function connectOverTls(port: number, protocol: string): Socket {
  const plain = connectPlain(port, '127.0.0.1').on('error', () => undefined)
  const socket = connect({ socket: plain, host: '127.0.0.1', ca: IDENTITY.cert, ALPNProtocols: [protocol] })
  // One over TLS cannot be reset itself.
  return Object.assign(socket, { resetAndDestroy: () => plain.resetAndDestroy() as never })
}

/** The option of `node:http` that those of `node:http2` have, too. */
function http2Options({ maxHeaderSize }: { readonly maxHeaderSize?: number | undefined }): ServerOptions {
  return maxHeaderSize === undefined ? {} : { settings: { maxHeaderListSize: maxHeaderSize } }
}

/** Every way in which Node serves requests that a listener receives as request and response. */
export const TRANSPORTS: readonly Transport[] = [
  PLAIN,
  {
    name: 'node:https',
    scheme: 'https',
    version: '1.1',
    largestHead: 1024,
    createServer: (options, listener) => createHttpsServer({ ...options, ...IDENTITY }, listener),
    connect: port => connectOverTls(port, 'http/1.1'),
  },
  {
    name: 'HTTP/1.1 on node:http2',
    scheme: 'https',
    version: '1.1',
    // There is no option for it.
    largestHead: 16,
    createServer: (options, listener) =>
      createSecureServer(
        { ...options, ...IDENTITY, allowHTTP1: true } as SecureServerOptions,
        listener as never,
      ) as unknown as Server,
    connect: port => connectOverTls(port, 'http/1.1'),
  },
  {
    name: 'h2c',
    scheme: 'http',
    version: '2',
    // Whatever the option, nghttp2 refuses more frames.
    largestHead: 128,
    createServer: (options, listener) =>
      createHttp2Server(http2Options(options), listener as never) as unknown as Server,
    connect: port =>
      new Http2Gateway(
        connectPlain(port, '127.0.0.1').on('error', () => undefined),
        'http',
      ) as unknown as Socket,
  },
  {
    name: 'h2',
    scheme: 'https',
    version: '2',
    // Whatever the option, nghttp2 refuses more frames.
    largestHead: 128,
    createServer: (options, listener) =>
      createSecureServer({ ...http2Options(options), ...IDENTITY }, listener as never) as unknown as Server,
    connect: port =>
      new Http2Gateway(
        connectOverTls(port, 'h2').on('error', () => undefined),
        'https',
      ) as unknown as Socket,
  },
]

/** Defines tests that serve over a transport. */
export function describeOver(transport: Transport, define: () => void): void {
  const before = servedOver()
  describe(`over ${transport.name}`, () => {
    beforeAll(() => serveOver(transport))
    afterAll(() => serveOver(before))
    serveOver(transport)
    define()
  })
  serveOver(before)
}

/** True where tests that are being defined serve HTTP/1.1: HTTP/2 has no pipelining, upgrades, chunks or text to send. */
export function isOverHttp1(): boolean {
  return servedOver().version === '1.1'
}
