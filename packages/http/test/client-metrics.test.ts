import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { Agent as AgentOfTls, createServer as createHttps, request as requestOverTls } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { Readable } from 'node:stream'

import { serve } from '@spanwright/http-servers'
import { makeIdentity } from '@spanwright/http-servers/certificate'
import { describe, expect, it } from '@jest/globals'

import { traceAgent } from '@spanwright/http'

import { recorder } from './recorder.ts'
import { bodyOf, responseTo, send, WAYS } from './ways.ts'

/** Attributes and value, or sum, of every point. */
async function points(): Promise<Record<string, unknown>> {
  const found = (await recorder.metrics()).map(({ descriptor, dataPoints }) => [
    descriptor.name,
    dataPoints.map(({ attributes, value }) => [
      attributes,
      typeof value === 'object' && 'sum' in value ? value.sum : value,
    ]),
  ])
  return Object.fromEntries(found) as Record<string, unknown>
}

describe('the metrics of a client', () => {
  it('are those of requests, bodies and connections when enabled', async () => {
    await using server = await serve((req, res) => {
      req.resume().on('end', () => res.end('answer'))
    })
    const agent = traceAgent(new Agent({ keepAlive: true }), {
      metrics: {
        activeRequests: true,
        bodySizes: true,
        connections: true,
        attributes: () => ({ tenant: 'blue' }),
      },
    })
    const there = { 'server.address': '127.0.0.1', 'server.port': server.port }
    const options = {
      agent,
      host: '127.0.0.1',
      port: server.port,
      method: 'POST',
      headers: { 'content-length': 5 },
    }
    let socket: Socket | undefined
    for (let i = 0; i < 2; i++) {
      const sent = request(options).end('12345')
      const [res] = (await once(sent, 'response')) as [IncomingMessage]
      socket ??= res.socket
      await bodyOf(res)
      if (!sent.closed) await once(sent, 'close')
    }
    await recorder.waitFor(() => recorder.spans().length === 2)

    const finished = {
      ...there,
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      tenant: 'blue',
    }
    const open = { ...there, 'network.protocol.version': '1.1' }
    const seen = await points()
    expect(seen).toEqual({
      'http.client.request.duration': [[finished, expect.any(Number)]],
      'http.client.active_requests': [[{ ...there, 'http.request.method': 'POST' }, 0]],
      'http.client.request.body.size': [[finished, 10]],
      'http.client.response.body.size': [[finished, 12]],
      'http.client.open_connections': expect.arrayContaining([
        [{ ...open, 'http.connection.state': 'idle' }, 1],
        [{ ...open, 'http.connection.state': 'active' }, 0],
      ]),
    })
    const closed = socket && once(socket, 'close')
    agent.destroy()
    await closed
    expect(await points()).toMatchObject({
      'http.client.connection.duration': [[open, expect.any(Number)]],
      'http.client.open_connections': expect.arrayContaining([
        [{ ...open, 'http.connection.state': 'idle' }, 0],
      ]),
    })
  })
})

describe.each(WAYS)('the sizes of bodies, traced by $way', ({ trace }) => {
  const SIZES = /\.body\.size$/

  async function sizes(): Promise<unknown> {
    const found = (await recorder.metrics()).filter(({ descriptor: { name } }) => SIZES.test(name))
    return Object.fromEntries(
      found.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ value }) => (value as { sum: number }).sum),
      ]),
    )
  }

  it.each<[string, (sent: ClientRequest) => unknown, number | undefined]>([
    ['written in parts', sent => (sent.write('äö'), sent.write(Buffer.from('abc')), sent.end('end')), 10],
    ['written with its end', sent => sent.end('61', 'hex'), 1],
    ['piped', sent => Readable.from(['one', 'two']).pipe(sent), 6],
    ['not there', sent => sent.end(), undefined],
  ])('are counted without Content-Length for a body that is %s', async (_, write, expected) => {
    await using server = await serve((req, res) => {
      req.resume().on('end', () => {
        res.write('an')
        res.end('swer')
      })
    })
    using way = trace({ metrics: { bodySizes: true } })
    const method = expected === undefined ? 'GET' : 'POST'
    const sent = send(way, server, { method })
    expect([sent.write.name, sent.write.length, sent.end.name, sent.end.length]).toEqual([
      'write',
      3,
      'end',
      3,
    ])
    write(sent)
    expect(await bodyOf(await responseTo(sent))).toBe('answer')
    await recorder.waitFor(method)

    expect(await sizes()).toEqual({
      ...(expected !== undefined && { 'http.client.request.body.size': [expected] }),
      'http.client.response.body.size': [6],
    })
  })
})

describe('a request over TLS', () => {
  it('shows its place and its stages', async () => {
    const { key, cert } = makeIdentity()
    let received: unknown
    const server = createHttps({ key, cert }, (req, res) => {
      received = req.headers['traceparent']
      res.end('ok')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const agent = traceAgent(new AgentOfTls({ ca: cert }), { stages: true })
    const sent = requestOverTls({ agent, host: 'localhost', family: 4, port, path: '/items/7' }).end()
    await bodyOf(((await once(sent, 'response')) as [IncomingMessage])[0])
    server.close()
    await once(server, 'close')

    const span = await recorder.waitFor('GET')
    expect(received).toContain(span.spanContext().spanId)
    expect(span.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'url.full': `https://localhost:${port}/items/7`,
      'server.address': 'localhost',
      'server.port': port,
      'network.peer.address': '127.0.0.1',
      'network.peer.port': port,
      'network.protocol.version': '1.1',
    })
    expect(span.events.map(({ name }) => name.replace('spanwright.', ''))).toEqual([
      'connect.start',
      'dns.end',
      'connect.end',
      'tls.end',
      'request.start',
      'request.end',
      'response.start',
      'response.headers',
    ])
  })
})
