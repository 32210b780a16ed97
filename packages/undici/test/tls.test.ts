import { once } from 'node:events'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createSecureServer } from 'node:http2'
import { connect } from 'node:tls'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { listen } from '@spanwright/test-kit'
import { recordTests } from '@spanwright/test-kit/recorder'

import { makeIdentity } from '@spanwright/http-servers/certificate'
import { BOTH, openTunnels } from './proxy.ts'
import { startServer, type TestServer } from './server.ts'
import { failureOf, onlySpan, spansEnded, traceparentOf } from './span-assertions.ts'
import { VERSIONS, WAYS } from './ways.ts'

const identity = makeIdentity()
const TRUSTING = { connect: { ca: identity.cert }, allowH2: false }

/** A server over TLS, of HTTP/1.1 or of HTTP/2 as the client likes. */
interface SecureServer {
  readonly port: number
  readonly traceparents: unknown[]
  stop(): Promise<void>
}

async function startSecureServer(): Promise<SecureServer> {
  const traceparents: unknown[] = []
  const server = createSecureServer({ ...identity, allowHTTP1: true }, (request, response) => {
    traceparents.push(request.headers['traceparent'])
    response.end('secret')
  })
  const connections = new Set<{ destroy(): void }>()
  server.on('secureConnection', socket => connections.add(socket))
  server.on('session', session => {
    session.on('error', () => undefined)
    connections.add(session)
  })
  return {
    port: await listen(server),
    traceparents,
    async stop() {
      for (const connection of connections) connection.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** What Node exposes of a TLS connection before its handshake: nothing before version 22. */
function stagesBeforeHandshake(): Promise<string[]> {
  let isShown = false
  const see = (): void => {
    isShown = true
  }
  subscribe('net.client.socket', see)
  const socket = connect({ host: 'localhost', port: secure.port, ca: identity.cert })
  unsubscribe('net.client.socket', see)
  return once(socket, 'secureConnect').then(() => {
    socket.destroy()
    return isShown ? ['spanwright.dns.end', 'spanwright.connect.end'] : []
  })
}

const recorder = recordTests()
let secure: SecureServer
let proxy: TestServer
beforeAll(async () => {
  secure = await startSecureServer()
  proxy = await startServer()
  openTunnels(proxy)
})
afterEach(async () => {
  secure.traceparents.length = 0
  proxy.received.length = 0
})
afterAll(async () => {
  await secure.stop()
  await proxy.stop()
})

/** Every attribute of a request that was answered; without a peer when it is not known. */
function attributesOf(host: string, path: string, peer?: { version: string; port: number }): object {
  return {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    ...(peer && {
      'network.peer.address': '127.0.0.1',
      'network.peer.port': peer.port,
      'network.protocol.version': peer.version,
    }),
    'server.address': host,
    'server.port': secure.port,
    'url.full': `https://${host}:${secure.port}${path}`,
  }
}

function expectOnlySpan(attributes: object): void {
  const span = onlySpan(recorder)
  expect(span).toMatchObject({
    name: 'GET',
    kind: SpanKind.CLIENT,
    status: { code: SpanStatusCode.UNSET },
    links: [],
    parentSpanContext: undefined,
  })
  expect(span.attributes).toEqual(attributes)
  expect(secure.traceparents).toEqual([traceparentOf(span)])
}

describe.each(WAYS.filter(([name]) => !name.includes('Node')))('over TLS, %s', (name, start) => {
  it('makes the span of a request', async () => {
    const way = start({}, TRUSTING)
    expect(await (await way.send(`https://localhost:${secure.port}/a?b`)).text()).toBe('secret')
    await way.stop()
    expectOnlySpan(attributesOf('localhost', '/a?b', { version: '1.1', port: secure.port }))
    expect(onlySpan(recorder).events.map(event => event.name)).toEqual(['spanwright.response.headers'])
  })

  it('records the end of the handshake among the stages', async () => {
    const way = start({ stages: true }, TRUSTING)
    await (await way.send(`https://localhost:${secure.port}/`)).text()
    await way.stop()
    const firstByte = name.startsWith('traceUndici()') ? [] : ['spanwright.response.start']
    expect(onlySpan(recorder).events.map(event => event.name)).toEqual([
      'spanwright.connect.start',
      ...(await stagesBeforeHandshake()),
      'spanwright.tls.end',
      'spanwright.request.start',
      'spanwright.request.end',
      ...firstByte,
      'spanwright.response.headers',
    ])
  })
})

describe.each(WAYS)('%s', (_, start) => {
  it('reports an untrusted certificate as an error with its code', async () => {
    const way = start()
    const { code } = await failureOf(way.send(`https://127.0.0.1:${secure.port}/`))
    expect(code).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
    await way.stop()
    const [span] = await spansEnded(recorder, 1)
    expect(span?.status.code).toBe(SpanStatusCode.ERROR)
    expect(span?.attributes).toEqual({
      'error.type': 'DEPTH_ZERO_SELF_SIGNED_CERT',
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'server.port': secure.port,
      'url.full': `https://127.0.0.1:${secure.port}/`,
    })
    expect(secure.traceparents).toEqual([])
  })
})

describe.each(VERSIONS)('with %s', (version, undici) => {
  // Undici 6 does not show what HTTP/2 requests are written to: then nothing is recorded about it.
  const isShown = version !== 'undici 6'
  // Undici 8 requests HTTP/2 by default.
  const preferred = version === 'undici 8' ? '2' : '1.1'

  it.each(BOTH)('HTTP/2 over TLS has one span, by %s', async (_, make) => {
    const [dispatcher, stop] = make(new undici.Agent({ ...TRUSTING, allowH2: true }))
    const send = async (): Promise<string> =>
      (await undici.request(`https://localhost:${secure.port}/two`, { dispatcher })).body.text()
    expect(await send()).toBe('secret')
    await spansEnded(recorder, 1)
    await dispatcher.close()
    stop()
    expectOnlySpan(
      attributesOf('localhost', '/two', isShown ? { version: '2', port: secure.port } : undefined),
    )
  })

  it.each(BOTH)(
    'a tunnel of a ProxyAgent to a TLS server has one span of what goes through, by %s',
    async (_, make) => {
      const [dispatcher, stop] = make(
        new undici.ProxyAgent({ uri: proxy.origin, requestTls: { ca: identity.cert } }),
      )
      const url = `https://localhost:${secure.port}/through`
      expect(await (await undici.request(url, { dispatcher })).body.text()).toBe('secret')
      await dispatcher.close()
      stop()
      expectOnlySpan(attributesOf('localhost', '/through', { version: preferred, port: proxy.port }))
      expect(
        proxy.received.map(({ method, url: asked, headers }) => [method, asked, headers['traceparent']]),
      ).toEqual([['CONNECT', `localhost:${secure.port}`, undefined]])
    },
  )

  it.each(BOTH)(
    'an EnvHttpProxyAgent has one span each, through its proxy and past it, by %s',
    async (_, make) => {
      const plain = await startServer()
      const [dispatcher, stop] = make(
        new undici.EnvHttpProxyAgent({
          httpsProxy: proxy.origin,
          httpProxy: proxy.origin,
          noProxy: '127.0.0.1',
          requestTls: { ca: identity.cert },
        }),
      )
      await (await undici.request(`https://localhost:${secure.port}/env`, { dispatcher })).body.dump()
      expectOnlySpan(attributesOf('localhost', '/env', { version: preferred, port: proxy.port }))
      expect(proxy.received.map(({ method }) => method)).toEqual(['CONNECT'])
      await recorder.reset()

      await (await undici.request(`${plain.origin}/direct`, { dispatcher })).body.dump()
      await dispatcher.close()
      stop()
      await plain.stop()
      const span = onlySpan(recorder)
      expect(span.attributes).toMatchObject({
        'url.full': `${plain.origin}/direct`,
        'network.peer.port': plain.port,
      })
      expect(plain.received.map(({ headers }) => headers['traceparent'])).toEqual([traceparentOf(span)])
      expect(proxy.received).toHaveLength(1)
    },
  )
})
