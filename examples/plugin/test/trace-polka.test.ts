import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { withSpan } from '@spanwright/core'
import '@spanwright/testing/jest'
import polka, { type Polka } from 'polka'

import { tracePolka } from '../src/trace-polka.ts'

const recorder = recordTests()
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  return recorder.reset()
})

async function serve(app: Polka): Promise<string> {
  await new Promise<void>(resolve => void app.listen(0, '127.0.0.1', resolve))
  const server = app.server as Server
  servers.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Sends one request, and waits until its span has ended. */
async function ask(app: Polka, path: string, headers: Record<string, string> = {}) {
  const url = await serve(app)
  const response = await fetch(url + path, { headers: { connection: 'close', ...headers } })
  const body = await response.text()
  const span = await recorder.waitFor({ kind: SpanKind.SERVER })
  return { url: new URL(url), body, status: response.status, span }
}

describe('tracePolka()', () => {
  it('makes one server span of a request, named by its route', async () => {
    const app = tracePolka(polka())
    app.get('/users/:id', (req, res) => {
      res.end(withSpan('look up', () => `user ${String(req.params['id'])}`))
    })
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const { url, body, span } = await ask(app, '/users/7?token=secret&page=2', { traceparent: parent })

    expect(body).toBe('user 7')
    expect(recorder).toMatchTrace(`
      SERVER GET /users/:id
        INTERNAL look up
    `)
    expect(recorder).toFollowSemanticConventions()
    expect(span.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c')
    expect(span.parentSpanContext?.spanId).toBe('b7ad6b7169203331')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.events).toEqual([])
    expect(span.links).toEqual([])
    expect(span.attributes).toEqual({
      'client.address': '127.0.0.1',
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/users/:id',
      'network.peer.address': '127.0.0.1',
      'network.peer.port': expect.any(Number),
      'network.protocol.version': '1.1',
      'server.address': '127.0.0.1',
      'server.port': Number(url.port),
      'url.path': '/users/7',
      'url.query': 'token=REDACTED&page=2',
      'url.scheme': 'http',
      'user_agent.original': 'node',
    })
  })

  it('measures the duration by route', async () => {
    const app = tracePolka(polka()).get('users', (_req, res) => res.end())
    await ask(app, '/users')
    const metrics = await recorder.metrics()
    expect(metrics.map(({ descriptor }) => descriptor.name)).toEqual(['http.server.request.duration'])
    expect(metrics[0]?.dataPoints.map(({ attributes }) => attributes['http.route'])).toEqual(['/users'])
  })

  it('takes error.type from the error that led to a 5xx', async () => {
    class OutOfStock extends Error {}
    const app = tracePolka(polka()).get('/items', (_req, _res, next) => next(new OutOfStock('none left')))
    const { status, body, span } = await ask(app, '/items')

    expect({ status, body }).toEqual({ status: 500, body: 'none left' })
    expect(span.name).toBe('GET /items')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'none left' })
    expect(span.attributes).toMatchObject({ 'error.type': 'OutOfStock', 'http.response.status_code': 500 })
    expect(span.events.map(({ name, attributes }) => [name, attributes?.['exception.type']])).toEqual([
      ['exception', 'OutOfStock'],
    ])
  })

  it('reports no route where none matched', async () => {
    const app = tracePolka(polka()).get('/items', (_req, res) => res.end())
    const { status, span } = await ask(app, '/item')
    expect(status).toBe(404)
    expect(span.name).toBe('GET')
    expect(span.attributes['http.route']).toBeUndefined()
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
  })

  it('makes one span of a request that a mounted app answers, and leaves its route out', async () => {
    const mounted = tracePolka(polka()).get('/items', (_req, res) => res.end('mounted'))
    const { body, span } = await ask(tracePolka(polka()).use('/api', mounted), '/api/items')
    expect(body).toBe('mounted')
    expect(recorder.spans()).toEqual([span])
    expect(span.name).toBe('GET')
    expect(span.attributes).toMatchObject({ 'url.path': '/api/items' })
  })

  it('changes nothing when it is called twice', async () => {
    const app = polka()
    expect(tracePolka(tracePolka(app))).toBe(app)
    app.get('/items', (_req, res) => res.end())
    await ask(app, '/items')
    expect(recorder.spans().map(({ name }) => name)).toEqual(['GET /items'])
  })

  it('refuses what is not an app, and unknown options', () => {
    expect(() => tracePolka({} as Polka)).toThrow('tracePolka(): expected an app of Polka')
    expect(() => tracePolka(polka(), { route: true } as object)).toThrow(TypeError)
  })
})
