import { Agent, createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'

import { serve } from '@spanwright/http-servers'
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { traceUndici } from '@spanwright/undici'
import { create as createAxios } from 'axios'
import { http as followRedirects } from 'follow-redirects'
import got from 'got'
import superagent from 'superagent'
import supertest from 'supertest'
import { WebSocket, WebSocketServer } from 'ws'

import { traceAgent, traceHttp, traceServer } from '@spanwright/http'

import { recorder } from './recorder.ts'

const agents = new Set<Agent>()

function traced(): Agent {
  const agent = traceAgent(new Agent({ keepAlive: true }))
  agents.add(agent)
  return agent
}

afterEach(() => {
  for (const agent of agents) agent.destroy()
  agents.clear()
})

interface Sent {
  readonly traceparents: unknown[]
  readonly listener: RequestListener
}

/** Answers `/old` with a redirect, `/slow` never, `/half` with half of the body, and the rest with JSON. */
function shop(): Sent {
  const traceparents: unknown[] = []
  const listener: RequestListener = (req, res) => {
    traceparents.push(req.headers['traceparent'])
    req.resume()
    if (req.url === '/old') res.writeHead(302, { location: '/items/7' }).end()
    else if (req.url === '/missing') res.writeHead(404).end('no')
    else if (req.url === '/half') {
      res.writeHead(200, { 'content-length': 10 })
      res.write('half', () => res.socket?.destroy())
    } else if (req.url !== '/slow') {
      res.setHeader('content-type', 'application/json')
      res.end('{"id":7}')
    }
  }
  return { traceparents, listener }
}

type Client = (url: string, agent: Agent) => Promise<unknown>

interface Recipe {
  readonly name: string
  readonly get: Client
  readonly giveUp: Client
  /** What it tells of a timeout; undefined for one that only cancels the request. */
  readonly timeout: string | undefined
}

const CLIENTS: readonly Recipe[] = [
  {
    name: 'axios',
    timeout: 'ECONNABORTED',
    get: async (url, httpAgent) => (await createAxios({ httpAgent }).get(url)).data as unknown,
    giveUp: (url, httpAgent) => createAxios({ httpAgent, timeout: 30 }).get(url),
  },
  {
    name: 'got',
    timeout: 'ETIMEDOUT',
    get: (url, http) => got.extend({ agent: { http }, retry: 0 }).get(url).json(),
    giveUp: (url, http) => got.extend({ agent: { http }, retry: 0, timeout: 30 }).get(url),
  },
  {
    name: 'superagent',
    timeout: undefined,
    get: async (url, agent) => (await superagent.get(url).agent(agent)).body as unknown,
    giveUp: (url, agent) => superagent.get(url).agent(agent).timeout(30),
  },
  {
    name: 'follow-redirects',
    timeout: 'ETIMEDOUT',
    get: (url, agent) =>
      new Promise((resolve, reject) => {
        followRedirects
          .get(url, { agent }, res => {
            let body = ''
            res.on('data', part => (body += String(part))).on('error', reject)
            res.on('end', () => {
              if ((res.statusCode ?? 500) < 400) resolve(JSON.parse(body))
              else reject(new Error(`status ${res.statusCode}`))
            })
          })
          .on('error', reject)
      }),
    giveUp: (url, agent) =>
      new Promise((_resolve, reject) => {
        const req = followRedirects.get(url, { agent, timeout: 30 }).on('error', reject)
        req.on('timeout', () => req.destroy(Object.assign(new Error('slow'), { code: 'ETIMEDOUT' })))
      }),
  },
]

const WAYS = [
  { way: 'an agent', trace: () => ({ [Symbol.dispose]: () => undefined }), agent: traced },
  {
    way: 'the process',
    trace: traceHttp,
    agent: () => {
      // Node 20 shows the requests of its global agents only.
      if (Number.parseInt(process.versions.node, 10) < 22) return traced()
      const agent = new Agent()
      agents.add(agent)
      return agent
    },
  },
]

describe.each(CLIENTS)('requests of $name', ({ name, get, giveUp, timeout }) => {
  describe.each(WAYS)('traced by $way', ({ trace, agent }) => {
    it('have a span each, whose context is on the wire', async () => {
      const { traceparents, listener } = shop()
      await using server = await serve(listener)
      using _ = trace()
      const body = await withSpan('caller', () => get(`${server.origin}/items/7`, agent()))

      expect(body).toEqual({ id: 7 })
      const span = await recorder.waitFor({ kind: SpanKind.CLIENT })
      const caller = await recorder.waitFor('caller')
      const { traceId, spanId } = span.spanContext()
      expect(recorder.spans()).toHaveLength(2)
      expect(span.name).toBe('GET')
      expect(span.parentSpanContext?.spanId).toBe(caller.spanContext().spanId)
      expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
      expect(traceparents).toEqual([`00-${traceId}-${spanId}-01`])
      expect(span.attributes).toEqual({
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.full': `${server.origin}/items/7`,
        'server.address': '127.0.0.1',
        'server.port': server.port,
        'network.peer.address': '127.0.0.1',
        'network.peer.port': server.port,
        'network.protocol.version': '1.1',
      })
    })

    it('have a span for each hop of a redirect, in the trace of the caller', async () => {
      const { traceparents, listener } = shop()
      await using server = await serve(listener)
      using _ = trace()
      await withSpan('caller', () => get(`${server.origin}/old`, agent()))

      await recorder.waitFor(() => recorder.spans().length === 3)
      const caller = await recorder.waitFor('caller')
      const hops = recorder.spans().filter(({ kind }) => kind === SpanKind.CLIENT)
      expect(hops.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([302, 200])
      for (const hop of hops) {
        expect(hop.status).toEqual({ code: SpanStatusCode.UNSET })
        expect(hop.parentSpanContext?.spanId).toBe(caller.spanContext().spanId)
      }
      expect(traceparents).toHaveLength(2)
      expect(traceparents[0]).toContain(hops[0]?.spanContext().spanId)
      // Superagent sets the headers of the first hop on the second, after it was made.
      const shown = name === 'superagent' ? hops[0] : hops[1]
      expect(traceparents[1]).toContain(shown?.spanContext().spanId)
    })

    it.each([
      ['/missing', '404'],
      ['/half', 'ECONNRESET'],
    ])('are errors where they failed: %s', async (path, errorType) => {
      await using server = await serve(shop().listener)
      using _ = trace()
      await expect(get(server.origin + path, agent())).rejects.toThrow(/\w/)

      const span = await recorder.waitFor({ kind: SpanKind.CLIENT })
      expect(span.status.code).toBe(SpanStatusCode.ERROR)
      expect(span.attributes['error.type']).toBe(errorType)
      expect(recorder.spans()).toEqual([span])
    })

    it('end when the client gives up', async () => {
      await using server = await serve(shop().listener)
      using _ = trace()
      await expect(giveUp(`${server.origin}/slow`, agent())).rejects.toThrow(/\w/)

      const span = await recorder.waitFor({ kind: SpanKind.CLIENT })
      expect(recorder.spans()).toEqual([span])
      expect(span.attributes).not.toHaveProperty('http.response.status_code')
      expect(span.attributes['error.type']).toBe(timeout)
      expect(span.status.code).toBe(timeout ? SpanStatusCode.ERROR : SpanStatusCode.UNSET)
      expect(recorder.open()).toEqual([])
    })
  })
})

describe('other users of node:http', () => {
  it('supertest calls a traced server in one trace', async () => {
    using _ = traceHttp()
    const server = traceServer(createServer(shop().listener))
    await supertest(server).get('/items/7').agent(traced()).expect(200)

    const [sent, answered] = await Promise.all([
      recorder.waitFor({ kind: SpanKind.CLIENT }),
      recorder.waitFor({ kind: SpanKind.SERVER }),
    ])
    expect(answered.parentSpanContext?.spanId).toBe(sent.spanContext().spanId)
    expect(recorder.spans()).toHaveLength(2)
  })

  it('a WebSocket of ws has a span that ends with the upgrade', async () => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(sockets, 'listening')
    sockets.on('connection', socket => socket.on('message', () => socket.close()))
    const { port } = sockets.address() as AddressInfo
    const client = new WebSocket(`ws://127.0.0.1:${port}/chat`, { agent: traced() })
    await once(client, 'open')

    const span = await recorder.waitFor({ kind: SpanKind.CLIENT })
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toMatchObject({
      'http.response.status_code': 101,
      'url.full': `http://127.0.0.1:${port}/chat`,
    })
    client.send('bye')
    await once(client, 'close')
    sockets.close()
    expect(recorder.spans()).toEqual([span])
  })

  it('fetch is for traceUndici(), and both make one span of each request', async () => {
    await using server = await serve(shop().listener)
    using _ = traceHttp()
    using undici = traceUndici()
    expect(undici).toBeDefined()
    await (await fetch(`${server.origin}/items/7`)).text()
    await createAxios({ httpAgent: traced() }).get(`${server.origin}/items/7`)

    await recorder.waitFor(() => recorder.spans().length === 2)
    expect(recorder.spans().map(({ instrumentationScope: { name } }) => name)).toEqual([
      '@spanwright/undici',
      '@spanwright/http',
    ])
    expect(recorder.open()).toEqual([])
  })
})
