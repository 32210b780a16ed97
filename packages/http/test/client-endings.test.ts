import { once } from 'node:events'
import { type ClientRequest, createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTcp, type Socket } from 'node:net'

import { readAll, serve } from '@spanwright/http-servers'
import { SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'

import { recorder } from './recorder.ts'
import { answerHalf, answerOk, attributesOf, bodyOf, responseTo, send, UNSET, WAYS } from './ways.ts'

describe.each(WAYS)('the span of a request traced by $way', ({ trace: traceBy }) => {
  it('is an error when the port has no listener', async () => {
    const { port } = await (async () => {
      await using gone = await serve(answerOk)
      return gone
    })()
    using way = traceBy()
    const sent = send(way, { port }).end()
    const [error] = (await once(sent, 'error')) as [Error]

    const span = await recorder.waitFor('GET')
    expect((error as { code?: unknown }).code).toBe('ECONNREFUSED')
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    expect(span.attributes).toMatchObject({ 'error.type': 'ECONNREFUSED', 'server.port': port })
    expect(span.attributes).not.toHaveProperty('http.response.status_code')
    expect(span.attributes).not.toHaveProperty('network.peer.address')
  })

  it.each<[string, RequestListener, (sent: ClientRequest) => unknown, object]>([
    ['resumed', answerOk, async sent => (await responseTo(sent)).resume(), {}],
    ['never listened for', answerOk, () => undefined, {}],
    ['never read, and is all there', answerOk, sent => responseTo(sent), {}],
    [
      'empty',
      (_req, res) => res.writeHead(204).end(),
      sent => responseTo(sent),
      { 'http.response.status_code': 204 },
    ],
  ])('ends when its response is %s', async (_, listener, read, attributes) => {
    await using server = await serve(listener)
    using way = traceBy()
    await read(send(way, server).end())

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual(UNSET)
    expect(span.attributes).toEqual({ ...attributesOf(server), ...attributes })
    expect(recorder.spans()).toEqual([span])
  })

  it.each<[string, (sent: ClientRequest, res: IncomingMessage) => unknown]>([
    ['destroys the response', (_, res) => res.destroy()],
    ['destroys the response with an error', (_, res) => res.destroy(new Error('enough'))],
    ['destroys the request', sent => sent.destroy()],
    ['destroys the request with an error', sent => sent.destroy(new Error('enough'))],
    ['aborts the request', sent => sent.abort()],
    [
      'stops to iterate',
      async (_, res) => {
        res.unshift('more')
        for await (const part of res) if (part) break
      },
    ],
  ])('is not an error when its caller %s half way', async (_, leave) => {
    await using server = await serve(answerHalf)
    using way = traceBy()
    const sent = send(way, server).end()
    const res = await responseTo(sent)
    await once(res, 'data')
    await leave(sent, res)

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual(UNSET)
    expect(span.attributes).toEqual(attributesOf(server))
    expect(span.events.map(({ name }) => name)).toEqual(['spanwright.response.headers', 'spanwright.aborted'])
  })

  it.each<[string, (sent: ClientRequest) => unknown]>([
    ['destroys it', sent => sent.destroy()],
    ['destroys it with an error', sent => sent.destroy(new Error('enough'))],
    ['aborts it', sent => sent.abort()],
  ])('is not an error when its caller %s before the response', async (_, leave) => {
    let arrived: ((req: IncomingMessage) => void) | undefined
    const arrival = new Promise<IncomingMessage>(resolve => (arrived = resolve))
    await using server = await serve(req => arrived?.(req))
    using way = traceBy()
    const sent = send(way, server).end()
    await arrival
    leave(sent)

    const span = await recorder.waitFor('GET')
    const { 'http.response.status_code': __, ...attributes } = attributesOf(server)
    expect(span.status).toEqual(UNSET)
    expect(span.attributes).toEqual(attributes)
    expect(span.events.map(({ name }) => name)).toEqual(['spanwright.aborted'])
  })

  it('is not an error when its signal is aborted', async () => {
    const controller = new AbortController()
    await using server = await serve(() => controller.abort())
    using way = traceBy()
    const [error] = (await once(send(way, server, { signal: controller.signal }).end(), 'error')) as [Error]

    expect(error.name).toBe('AbortError')
    expect((await recorder.waitFor('GET')).status).toEqual(UNSET)
  })

  it('is an error when its caller aborts after a timeout', async () => {
    await using server = await serve(() => undefined)
    using way = traceBy()
    const sent = send(way, server, { timeout: 20 }).end()
    sent.on('timeout', () => sent.destroy(Object.assign(new Error('too slow'), { code: 'ETIMEDOUT' })))

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'too slow' })
    expect(span.attributes).toMatchObject({ 'error.type': 'ETIMEDOUT' })
  })

  it.each<[string, (sent: ClientRequest, res: IncomingMessage) => unknown]>([
    [
      'the request, and its caller destroys the response',
      (sent, res) => sent.setTimeout(10, () => res.destroy()),
    ],
    ['the request, and its caller destroys the request', sent => sent.setTimeout(10, () => sent.destroy())],
    [
      'the response, and its caller destroys that with an error',
      (_, res) => res.setTimeout(10, () => res.destroy(new Error('too slow'))),
    ],
    [
      'the response, and its caller destroys the request',
      (sent, res) => res.on('timeout', () => sent.destroy()).setTimeout(10),
    ],
  ])('is an error half way after a timeout of %s', async (_, limit) => {
    await using server = await serve(answerHalf)
    using way = traceBy()
    const sent = send(way, server).end()
    const res = await responseTo(sent)
    await once(res, 'data')
    limit(sent, res)

    const span = await recorder.waitFor('GET')
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    expect(span.attributes).toEqual({ ...attributesOf(server), 'error.type': expect.any(String) })
    expect(span.events.map(({ name }) => name)).not.toContain('spanwright.aborted')
  })

  it('is not an error after a timeout that its caller ignores', async () => {
    let finish: (() => void) | undefined
    await using server = await serve((_req, res) => {
      res.write('half')
      finish = () => res.end('whole')
    })
    using way = traceBy()
    const sent = send(way, server).end()
    const res = await responseTo(sent)
    res.setTimeout(5, () => finish?.())
    expect(await bodyOf(res)).toBe('halfwhole')

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual(UNSET)
    expect(span.attributes).toEqual(attributesOf(server))
  })

  it('ends with the connection of a response that is larger than all buffers and never read', async () => {
    const size = 1_000_000
    await using server = await serve((_req, res) => res.end(Buffer.alloc(size)))
    using way = traceBy()
    const sent = send(way, server).end()
    await responseTo(sent)
    expect(recorder.spans()).toEqual([])
    sent.socket?.destroy()

    const span = await recorder.waitFor('GET')
    expect(span.attributes).toEqual({ ...attributesOf(server), 'error.type': 'ECONNRESET' })
  })

  it.each<[string, RequestListener, object]>([
    ['before the response', req => req.socket.destroy(), { 'http.response.status_code': undefined }],
    [
      'half way',
      (req, res) => {
        res.writeHead(200, { 'Content-Length': 10 })
        res.write('half', () => req.socket.destroy())
      },
      {},
    ],
  ])('is an error when its server leaves %s', async (_, listener, attributes) => {
    await using server = await serve(listener)
    using way = traceBy()
    const sent = send(way, server).end()
    sent.on('response', res => res.on('error', () => undefined).resume())

    const span = await recorder.waitFor('GET')
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    expect({ ...span.attributes }).toEqual(
      Object.fromEntries(
        Object.entries({ ...attributesOf(server), 'error.type': 'ECONNRESET', ...attributes }).filter(
          ([, value]) => value !== undefined,
        ),
      ),
    )
  })

  it('is an error when the response is not HTTP', async () => {
    const server = createTcp((socket: Socket) => socket.on('error', () => undefined).end('nonsense\r\n\r\n'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    using way = traceBy()
    send(way, server.address() as never).end()

    const span = await recorder.waitFor('GET')
    server.close()
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    expect(span.attributes['error.type']).toMatch(/^HPE_/)
  })

  it('ends with an upgrade, and not with interim responses', async () => {
    const plain = createServer()
    plain.on('upgrade', (_req, socket: Socket) => {
      socket.write('HTTP/1.1 102 Processing\r\n\r\n')
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n')
      socket.on('data', data => socket.end(data))
    })
    plain.listen(0, '127.0.0.1')
    await once(plain, 'listening')
    using way = traceBy()
    const sent = send(way, plain.address() as never, {
      headers: { connection: 'Upgrade', upgrade: 'chat' },
    }).end()
    const [, socket] = (await once(sent, 'upgrade')) as [IncomingMessage, Socket]

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual(UNSET)
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 101 })
    socket.write('through')
    expect(await readAll(socket)).toBe('through')
    plain.close()
    expect(recorder.spans()).toEqual([span])
  })
})
