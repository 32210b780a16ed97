import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'

import { requestOf } from '@spanwright/http-servers'
import { SpanStatusCode, trace } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'

import { requestsInFlight, traceServer } from '@spanwright/http'

import { recorder } from './recorder.ts'
import { answer, listen, portOf, send } from './service.ts'

describe('a connection that traceServer() sees handed over', () => {
  it('ends the span of a WebSocket when the connection is handed over', async () => {
    const server = traceServer(createServer(answer))
    const sockets = new WebSocketServer({ server })
    let active: string | undefined
    sockets.on('connection', socket => {
      active = trace.getActiveSpan()?.spanContext().spanId
      socket.on('message', () => socket.close())
    })
    const client = new WebSocket(`ws://127.0.0.1:${portOf(await listen(server))}/chat`)
    await once(client, 'open')

    const span = await recorder.waitFor('GET')
    expect(client.readyState).toBe(WebSocket.OPEN)
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 101, 'url.path': '/chat' })
    expect(active).toBe(span.spanContext().spanId)
    expect(requestsInFlight()).toEqual([])
    client.send('bye')
    await once(client, 'close')
    expect(recorder.spans()).toEqual([span])
  })

  it.each(['a refusal', 'nothing'])('ends the span of an upgrade that is answered with %s', async with_ => {
    const server = traceServer(createServer(answer))
    server.on('upgrade', (_req, socket) => {
      if (with_ === 'nothing') socket.destroy()
      else socket.end('HTTP/1.1 503 No\r\nConnection: close\r\n\r\n')
    })
    await send(await listen(server), requestOf('GET /chat', ['Connection: Upgrade', 'Upgrade: chat']))

    const span = await recorder.waitFor('GET')
    const isAnswered = with_ !== 'nothing'
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes['http.response.status_code']).toBe(isAnswered ? 503 : undefined)
    expect(span.attributes['error.type']).toBe(isAnswered ? '503' : 'ECONNRESET')
    expect(recorder.open()).toEqual([])
    expect(requestsInFlight()).toEqual([])
  })

  it('ends the span of a tunnel when it is open', async () => {
    const server = traceServer(createServer(answer))
    server.on('connect', (_req, socket) => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.on('data', data => socket.end(data))
    })
    const socket = connect(portOf(await listen(server)), '127.0.0.1')
    socket.write('CONNECT db.test:5432 HTTP/1.1\r\nHost: db.test:5432\r\n\r\n')
    expect(String((await once(socket, 'data'))[0])).toContain('established')

    const span = await recorder.waitFor('CONNECT')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toMatchObject({
      'http.request.method': 'CONNECT',
      'http.response.status_code': 200,
    })
    socket.write('through')
    expect(String((await once(socket, 'data'))[0])).toBe('through')
    socket.destroy()
  })
})
