import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { traceFetch, traceUndici } from '@spanwright/undici'

import { startServer, type TestServer } from './server.ts'
import { onlySpan, traceparentOf } from './span-assertions.ts'
import { VERSIONS } from './ways.ts'

type Fetch = typeof globalThis.fetch

const recorder = recordTests()
let server: TestServer
beforeAll(async () => {
  server = await startServer((request, response) => {
    if (request.url === '/redirect') response.writeHead(302, { location: '/target' })
    if (request.url === '/missing') response.statusCode = 404
    response.end('answer')
  })
})
afterEach(async () => {
  server.received.length = 0
})
afterAll(async () => {
  await server.stop()
})

const FETCHES: [string, Fetch, typeof Request][] = [
  ['the fetch of Node', globalThis.fetch, Request],
  ...VERSIONS.map(([name, undici]): [string, Fetch, typeof Request] => [
    `the fetch of ${name}`,
    undici.fetch as unknown as Fetch,
    undici.Request as unknown as typeof Request,
  ]),
]

/** Each way of tracing has to record the same for the same requests. */
describe.each(
  FETCHES.flatMap(([name, fetch, Request]) => [
    [
      `traceFetch() on ${name}`,
      Request,
      fetch,
      (): [Fetch, () => void] => [traceFetch(fetch), () => undefined],
    ] as const,
    [
      `traceUndici() and ${name}`,
      Request,
      fetch,
      (): [Fetch, () => void] => {
        const handle = traceUndici()
        return [fetch, () => handle.stop()]
      },
    ] as const,
  ]),
)('%s', (_, RequestOfIt, untracedFetch, start) => {
  let fetch: Fetch
  let stop: () => void
  beforeAll(() => {
    ;[fetch, stop] = start()
  })
  afterAll(() => stop())

  it('makes one CLIENT span for a request that works', async () => {
    const response = await fetch(`${server.origin}/items/7?full=1&sig=secret`, {
      method: 'POST',
      body: 'text',
      headers: { 'x-mine': 'yes' },
    })
    expect(await response.text()).toBe('answer')

    const span = onlySpan(recorder)
    expect(span).toMatchObject({
      name: 'POST',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      links: [],
      parentSpanContext: undefined,
      instrumentationScope: { name: '@spanwright/undici' },
    })
    expect(span.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'network.peer.address': '127.0.0.1',
      'network.peer.port': server.port,
      'network.protocol.version': '1.1',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'url.full': `${server.origin}/items/7?full=1&sig=REDACTED`,
    })
    expect(span.events.map(event => event.name)).toEqual(['spanwright.response.headers'])
    expect(server.received).toMatchObject([
      {
        url: '/items/7?full=1&sig=secret',
        headers: { traceparent: traceparentOf(span), 'x-mine': 'yes' },
      },
    ])
  })

  it('makes a 404 an error of its status', async () => {
    await (await fetch(`${server.origin}/missing`)).text()

    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 404, 'error.type': '404' })
  })

  it('makes a refused connection an error with its code', async () => {
    const gone = await startServer()
    await gone.stop()
    await expect(fetch(gone.origin)).rejects.toMatchObject({
      name: 'TypeError',
      cause: { code: 'ECONNREFUSED' },
    })

    const span = onlySpan(recorder)
    expect(span.status).toMatchObject({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({ 'error.type': 'ECONNREFUSED', 'server.port': gone.port })
    expect(span.attributes).not.toHaveProperty('http.response.status_code')
  })

  it('names the caller in the stack of an error wherever it is named without tracing', async () => {
    const gone = await startServer()
    await gone.stop()
    async function callTheShop(by: Fetch, input: string | Request): Promise<unknown> {
      return await by(input)
    }
    for (const input of [gone.origin, new RequestOfIt(gone.origin)]) {
      const [untraced, traced] = await Promise.all(
        [untracedFetch, fetch].map(async by =>
          callTheShop(by, input).catch((error: unknown) => error as Error),
        ),
      )
      const isNamed = (error: unknown): boolean => String((error as Error).stack).includes('callTheShop')
      expect(isNamed(traced)).toBe(isNamed(untraced))
    }
  })

  it('makes a span for a request given as a Request', async () => {
    const init = { method: 'PUT', body: 'text', headers: { 'x-mine': 'yes' } }
    await (await fetch(new RequestOfIt(`${server.origin}/put`, init))).text()

    const span = onlySpan(recorder)
    expect(span.attributes).toMatchObject({
      'http.request.method': 'PUT',
      'url.full': `${server.origin}/put`,
      'network.peer.port': server.port,
    })
    expect(server.received).toMatchObject([
      { url: '/put', headers: { 'x-mine': 'yes', traceparent: traceparentOf(span) } },
    ])
  })

  it('makes a span for each hop of a redirect, side by side', async () => {
    const response = await fetch(`${server.origin}/redirect`)
    expect(response.redirected).toBe(true)
    expect(await response.text()).toBe('answer')

    expect(recorder.open()).toEqual([])
    const [first, second, ...others] = recorder.spans()
    expect(others).toEqual([])
    expect(first?.attributes).toMatchObject({
      'http.response.status_code': 302,
      'url.full': `${server.origin}/redirect`,
    })
    expect(first?.attributes).not.toHaveProperty('http.request.resend_count')
    expect(first?.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(first?.events.map(event => event.name)).toEqual(['spanwright.response.headers'])
    expect(second?.attributes).toMatchObject({
      'http.response.status_code': 200,
      'http.request.resend_count': 1,
      'url.full': `${server.origin}/target`,
    })
    expect(second?.status).toEqual({ code: SpanStatusCode.UNSET })
  })
})
