import { createHash } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { runInThisContext } from 'node:vm'

import { SpanStatusCode } from '@opentelemetry/api'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { traceUndici, tracing } from '@spanwright/undici'
import * as undici621 from 'undici-6.21'
import * as undici729 from 'undici-7.29'

import { startServer, type TestServer } from './server.ts'
import { onlySpan, spansEnded } from './span-assertions.ts'
import { type Undici, VERSIONS } from './ways.ts'

const recorder = recordTests()
let server: TestServer
beforeAll(async () => {
  server = await startServer()
  server.server.on('upgrade', (request, socket) => {
    const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
    )
    // A close frame without a code; the client answers it and closes.
    socket.write(Buffer.from([0x88, 0]))
    socket.on('data', () => socket.end())
    socket.on('end', () => socket.end())
    socket.on('error', () => undefined)
  })
})
afterAll(async () => {
  await server.stop()
})

/** Versions that publish nothing of a connection that is handed over. */
const SILENT = [
  ['undici 6.21', undici621],
  ['undici 7.29', undici729],
] as unknown as typeof VERSIONS

it.each(
  [...SILENT, ...VERSIONS].flatMap(([name, undici]) =>
    ['tracing()', 'traceUndici()'].map(by => [name, by, undici] as const),
  ),
)('a WebSocket of %s has one span that ends with the handshake, by %s', async (_, by, undici) => {
  const agent = new undici.Agent()
  const handle = by === 'traceUndici()' ? traceUndici() : undefined
  const dispatcher = handle ? agent : agent.compose(tracing())
  const socket = new undici.WebSocket(`ws://127.0.0.1:${server.port}/chat`, { dispatcher })
  await once(socket, 'close')
  await spansEnded(recorder, 1)
  await agent.close()
  handle?.stop()

  expectHandshake()
})

const SUBSCRIBED = ['undici:request:create', 'undici:request:headers', 'undici:request:error']

/** Node's own, which it has from version 22 on. */
const { WebSocket: ownWebSocket } = runInThisContext('globalThis') as { WebSocket?: Undici['WebSocket'] }

it('the WebSocket of Node has one span that ends with the handshake, and leaves nothing behind', async () => {
  const WebSocket = ownWebSocket ?? undici729.WebSocket
  // Other test files of the same process may have left theirs.
  const before = SUBSCRIBED.map(name => channel(name).hasSubscribers)
  const handle = traceUndici()
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/chat`)
  await once(socket, 'close')
  await spansEnded(recorder, 1)
  handle.stop()

  expectHandshake()
  expect(SUBSCRIBED.map(name => channel(name).hasSubscribers)).toEqual(before)
})

it.each([...SILENT, ...VERSIONS])('an upgrade() of %s ends its span with the switch', async (_, undici) => {
  const handle = traceUndici()
  const client = new undici.Client(server.origin)
  const { socket } = await client.upgrade({ path: '/chat', protocol: 'websocket' })
  await spansEnded(recorder, 1)
  socket.destroy()
  await client.destroy()
  handle.stop()

  expectHandshake()
})

function expectHandshake(): void {
  expect(onlySpan(recorder)).toMatchObject({
    name: 'GET',
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      'http.response.status_code': 101,
      'url.full': `${server.origin}/chat`,
      'network.protocol.version': '1.1',
    },
  })
}
