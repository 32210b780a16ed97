import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'

import { serve } from '@spanwright/http-servers'
import { SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { withSpan } from '@spanwright/core'
import { canary } from '@spanwright/testing'

import { recorder } from './recorder.ts'
import { listen, portOf } from './service.ts'
import { answerOk, attributesOf, bodyOf, responseTo, send, UNSET, WAYS } from './ways.ts'

describe.each(WAYS)('a request traced by $way', ({ trace: traceBy }) => {
  it('has its captured headers, with secrets masked unless they are named', async () => {
    await using server = await serve((_req, res) => {
      res.setHeader('X-Reply', 'r').setHeader('Set-Cookie', ['a=1', 'b=2'])
      res.end('ok')
    })
    using way = traceBy({
      captureHeaders: {
        request: ['X-Tag', 'authorization', 'x-api-key', 'x-none'],
        response: ['x-reply', 'Set-Cookie', 'x-none'],
        unmasked: ['x-api-key'],
      },
    })
    const headers = { 'x-tag': ['a', 'b'], authorization: `Bearer ${canary('zq-token')}`, 'x-api-key': 'k' }
    await bodyOf(await responseTo(send(way, server, { headers }).end()))

    const span = await recorder.waitFor('GET')
    expect(recorder.spans()).toEqual([span])
    expect(span.status).toEqual(UNSET)
    expect(span.attributes).toEqual({
      ...attributesOf(server),
      'http.request.header.x-tag': ['a', 'b'],
      'http.request.header.authorization': ['REDACTED'],
      'http.request.header.x-api-key': ['k'],
      'http.response.header.x-reply': ['r'],
      'http.response.header.set-cookie': ['REDACTED', 'REDACTED'],
    })
  })

  it('is shown to the hooks, at its start and with its outcome', async () => {
    await using server = await serve((_req, res) => res.writeHead(503).end())
    const calls: unknown[][] = []
    using way = traceBy({
      attributes: ({ method }) => ({ tenant: method }),
      onStart: (_span, { method, url }) => calls.push(['start', method, url]),
      onEnd: (_span, { url }, { statusCode, error, durationMs }) => {
        calls.push(['end', url, statusCode, error, durationMs > 0])
      },
    })
    await bodyOf(await responseTo(send(way, server).end()))

    const span = await recorder.waitFor('GET')
    const url = `${server.origin}/items/7`
    expect(calls).toEqual([
      ['start', 'GET', url],
      ['end', url, 503, undefined, true],
    ])
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({ tenant: 'GET', 'http.response.status_code': 503 })
  })

  it('has no span outside of a trace that it requires', async () => {
    await using server = await serve(answerOk)
    using way = traceBy({ requireParent: true })
    await bodyOf(await responseTo(send(way, server).end()))
    expect([...recorder.spans(), ...recorder.open()]).toEqual([])

    await withSpan('caller', async () => bodyOf(await responseTo(send(way, server).end())))
    const caller = await recorder.waitFor('caller')
    const span = await recorder.waitFor('GET')
    expect(span.parentSpanContext?.spanId).toBe(caller.spanContext().spanId)
    expect(recorder.spans()).toHaveLength(2)
  })

  it('has neither a span nor a context when it opens a tunnel', async () => {
    const server = createServer()
    let received: unknown = 'nothing'
    server.on('connect', (req, socket: Socket) => {
      received = req.headers['traceparent']
      socket.end('HTTP/1.1 200 Connection established\r\n\r\n')
    })
    await listen(server)
    using way = traceBy()
    const tunnel = { method: 'CONNECT', path: 'db.test:5432' }
    const sent = send(way, { port: portOf(server) }, tunnel).end()
    const [, socket] = (await once(sent, 'connect')) as [unknown, Socket]
    socket.destroy()

    expect(received).toBeUndefined()
    expect([...recorder.spans(), ...recorder.open()]).toEqual([])
    expect(await recorder.metrics()).toEqual([])
  })
})
