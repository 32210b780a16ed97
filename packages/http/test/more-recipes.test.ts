import { Agent } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Readable } from 'node:stream'

import { serve } from '@spanwright/http-servers'
import { SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { HttpRequest } from '@smithy/protocol-http'
import fetch from 'node-fetch'

import { traceAgent } from '@spanwright/http'

import { recorder } from './recorder.ts'

/** Checks the only span, and that its context was received. */
async function expectSpan(url: string, port: number, received: unknown): Promise<void> {
  const span = await recorder.waitFor('GET')
  expect(recorder.spans()).toEqual([span])
  expect(recorder.open()).toEqual([])
  expect(received).toContain(span.spanContext().spanId)
  expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
  expect(span.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.full': url,
    'server.address': '127.0.0.1',
    'server.port': port,
    'network.peer.address': '127.0.0.1',
    'network.peer.port': port,
    'network.protocol.version': '1.1',
  })
}

describe('an agent that is traced', () => {
  it('gives requests of node-fetch a span', async () => {
    let received: unknown
    await using server = await serve((req, res) => {
      received = req.headers['traceparent']
      res.end('ok')
    })
    const agent = traceAgent(new Agent())
    expect(await (await fetch(`${server.origin}/items/7`, { agent })).text()).toBe('ok')

    await expectSpan(`${server.origin}/items/7`, server.port, received)
  })

  it('gives requests of the handler of AWS SDKs a span', async () => {
    let received: unknown
    await using server = await serve((req, res) => {
      received = req.headers['traceparent']
      res.end('ok')
    })
    const httpAgent = traceAgent(new Agent({ keepAlive: true }))
    const handler = new NodeHttpHandler({ httpAgent })
    const { response } = await handler.handle(
      new HttpRequest({
        protocol: 'http:',
        hostname: '127.0.0.1',
        port: server.port,
        method: 'GET',
        path: '/items/7',
        headers: { host: `127.0.0.1:${server.port}` },
      }),
    )
    expect(await text(response.body as Readable)).toBe('ok')
    handler.destroy()

    await expectSpan(`${server.origin}/items/7`, server.port, received)
  })
})
