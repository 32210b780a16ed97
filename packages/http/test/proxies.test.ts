import { once } from 'node:events'
import { createServer as createHttp, get as getPlain, type IncomingMessage, type Server } from 'node:http'
import { createServer as createHttps, get, type RequestOptions } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'

import { makeIdentity } from '@spanwright/http-servers/certificate'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { create as createAxios } from 'axios'
import { HttpsProxyAgent } from 'https-proxy-agent'

import { traceAgent, traceHttp } from '@spanwright/http'

import { recorder } from './recorder.ts'
import { bodyOf, UNSET } from './ways.ts'

/** Node 20 shows the requests of its global agents only. */
const SHOWS_ALL = Number.parseInt(process.versions.node, 10) >= 22

const { key, cert } = makeIdentity()
const received: unknown[] = []
const tunnels: string[] = []
const shop = createHttps({ key, cert }, (req, res) => {
  received.push(req.headers['traceparent'])
  res.end('ok')
})
/** Opens tunnels, but refuses them to `closed.test`; passes other requests on by name. */
const proxy = createHttp((req, res) => {
  received.push(req.headers['traceparent'])
  res.end(`by proxy ${req.url}`)
})
proxy.on('connect', ({ url = '', headers }, socket) => {
  tunnels.push(`${url} ${String(headers['traceparent'])}`)
  if (url.startsWith('closed.test')) {
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
    return
  }
  const further = connect(portOf(shop), '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    socket.pipe(further).pipe(socket)
  })
  for (const end of [socket, further]) end.on('error', () => undefined)
})

function portOf(server: { address(): unknown }): number {
  return (server.address() as AddressInfo).port
}

beforeAll(async () => {
  for (const server of [shop, proxy]) {
    server.on('connection', socket => sockets.add(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
})

const sockets = new Set<Socket>()

afterAll(async () => {
  for (const server of [shop, proxy] as Server[]) {
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  }
})

const WAYS = [
  { way: 'traceAgent()', isTraced: true },
  { way: 'traceHttp()', isTraced: false },
].filter(({ isTraced }) => isTraced || SHOWS_ALL)

describe.each(WAYS)('a request through https-proxy-agent, traced by $way', ({ isTraced }) => {
  async function through(send: (agent: HttpsProxyAgent<string>) => Promise<unknown>): Promise<unknown> {
    received.length = tunnels.length = 0
    const agent = new HttpsProxyAgent(`http://127.0.0.1:${portOf(proxy)}`)
    const tracing = isTraced ? undefined : traceHttp()
    try {
      return await send(isTraced ? traceAgent(agent) : agent)
    } finally {
      tracing?.stop()
      agent.destroy()
    }
  }

  const attributes = () => ({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.full': 'https://localhost/items/7',
    'server.address': 'localhost',
    'server.port': 443,
    'network.peer.address': '127.0.0.1',
    'network.peer.port': portOf(proxy),
    'network.protocol.version': '1.1',
  })

  it('is one span of the server behind the tunnel, which has no span and no context itself', async () => {
    const options: RequestOptions = { host: 'localhost', path: '/items/7', ca: cert }
    const body = await through(async agent => {
      const [res] = (await once(get({ ...options, agent }), 'response')) as [IncomingMessage]
      return bodyOf(res)
    })

    expect(body).toBe('ok')
    const span = await recorder.waitFor('GET')
    const { traceId, spanId } = span.spanContext()
    expect(recorder.spans()).toEqual([span])
    expect(recorder.open()).toEqual([])
    expect(span.kind).toBe(SpanKind.CLIENT)
    expect(span.status).toEqual(UNSET)
    expect(span.attributes).toEqual(attributes())
    expect(received).toEqual([`00-${traceId}-${spanId}-01`])
    expect(tunnels).toEqual(['localhost:443 undefined'])
  })

  it('is one span where axios sends it', async () => {
    await through(async agent => {
      Object.assign(agent.options, { ca: cert })
      const client = createAxios({ httpsAgent: agent, proxy: false })
      expect((await client.get('https://localhost/items/7')).data).toBe('ok')
    })

    const span = await recorder.waitFor('GET')
    expect(recorder.spans()).toEqual([span])
    expect(span.attributes).toEqual(attributes())
  })

  it('has the status with which the proxy refused a tunnel', async () => {
    await through(async agent => {
      const [res] = (await once(get({ host: 'closed.test', path: '/', agent }), 'response')) as [
        IncomingMessage,
      ]
      await bodyOf(res)
    })

    const span = await recorder.waitFor('GET')
    expect(recorder.spans()).toEqual([span])
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({
      'http.response.status_code': 403,
      'error.type': '403',
      'server.address': 'closed.test',
      'server.port': 443,
    })
  })

  it('is an error when the proxy has closed', async () => {
    const agent = new HttpsProxyAgent('http://127.0.0.1:1')
    using _ = isTraced ? undefined : traceHttp()
    if (isTraced) traceAgent(agent)
    const [error] = (await once(get({ host: 'localhost', path: '/', agent }), 'error')) as [Error]

    const span = await recorder.waitFor('GET')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(recorder.spans()).toEqual([span])
    expect(span.attributes).toMatchObject({ 'error.type': 'ECONNREFUSED', 'server.address': 'localhost' })
  })
})

describe('a request whose target is a whole URL', () => {
  it('is one of the server that the URL names', async () => {
    using _ = traceHttp()
    const sent = getPlain({ host: '127.0.0.1', port: portOf(proxy), path: 'http://shop.test/items/7' })
    const [res] = (await once(sent, 'response')) as [IncomingMessage]
    expect(await bodyOf(res)).toBe('by proxy http://shop.test/items/7')

    const span = await recorder.waitFor('GET')
    expect(span.attributes).toMatchObject({
      'url.full': 'http://shop.test/items/7',
      'server.address': 'shop.test',
      'server.port': 80,
    })
  })
})
