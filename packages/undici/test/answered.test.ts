import { context, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { traceFetch, traceUndici, tracing } from '@spanwright/undici'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import type { Dispatcher } from 'undici'

import { startServer, type TestServer } from './server.ts'
import { failureOf, spansEnded, traceparentOf } from './span-assertions.ts'
import { type Undici, VERSIONS } from './ways.ts'

let recorder: SpanRecorder
let server: TestServer
/** What the server answers next, by path; then 200 with a body that may be kept for a minute. */
const answers = new Map<string, { status?: number; headers: Record<string, string> }[]>()
beforeEach(async () => {
  recorder = recordSpans({ global: true })
  server = await startServer((request, response) => {
    const { status = 200, headers } = answers.get(request.url ?? '')?.shift() ?? {
      headers: { 'cache-control': 'max-age=60' },
    }
    response.writeHead(status, headers)
    response.end(status === 304 ? undefined : 'body')
  })
})
afterEach(async () => {
  await server.stop()
  await recorder.stop()
})

const WITH_CACHE = VERSIONS.filter(([, { interceptors }]) => 'cache' in interceptors)

type Send = (path: string, headers?: Record<string, string>) => Promise<string>

/** The ways to trace a request before the interceptors of its dispatcher see it. */
const ABOVE: [string, (undici: Undici, below: Dispatcher) => Send][] = [
  [
    'tracing()',
    (undici, below) => {
      const dispatcher = below.compose(tracing() as never)
      return async (path, headers) =>
        (await undici.request(server.origin + path, { dispatcher, headers: headers ?? {} })).body.text()
    },
  ],
  [
    'traceFetch()',
    (undici, dispatcher) => {
      const fetch = traceFetch(undici.fetch)
      return async (path, headers = {}) => (await fetch(server.origin + path, { dispatcher, headers })).text()
    },
  ],
]

function statuses(): unknown[] {
  return recorder.spans().map(({ attributes }) => attributes['http.response.status_code'])
}

function sentContexts(): unknown[] {
  return server.received.map(({ headers }) => headers['traceparent'])
}

it('below traceFetch() of the fetch of Node, a hit of the cache of undici 7 has no span', async () => {
  const [[, undici] = ['', undefined]] = WITH_CACHE
  if (!undici) throw new Error('undici 7 is missing')
  const dispatcher = new undici.Agent().compose(undici.interceptors.cache())
  const fetch = traceFetch(globalThis.fetch)
  for (const path of ['/a', '/a', '/b', '/b', '/a']) {
    const init: object = { dispatcher }
    expect(await (await fetch(server.origin + path, init)).text()).toBe('body')
  }
  await dispatcher.destroy()
  expect(server.received.map(({ url }) => url)).toEqual(['/a', '/b'])
  expect(sentContexts()).toEqual(recorder.spans().map(traceparentOf))
})

describe.each(WITH_CACHE)('below the tracing of %s', (version, undici) => {
  describe.each(ABOVE)(`by %s of ${version}`, (_, above) => {
    let dispatcher: Dispatcher
    function sender(...interceptors: (() => unknown)[]): Send {
      dispatcher = interceptors.reduce<Dispatcher>(
        (composed, make) => composed.compose(make() as never),
        new undici.Agent(),
      )
      return above(undici, dispatcher)
    }
    afterEach(() => dispatcher.destroy())
    const cache = (): unknown => undici.interceptors.cache()

    it('a hit of the cache has no span and no duration; a request that is sent has both', async () => {
      const send = sender(cache)
      const caller = trace.getTracer('test').startSpan('caller')
      await context.with(trace.setSpan(context.active(), caller), async () => {
        for (const path of ['/a', '/a', '/b', '/b', '/a']) expect(await send(path)).toBe('body')
      })
      caller.end()
      expect(server.received.map(({ url }) => url)).toEqual(['/a', '/b'])
      const spans = recorder.spans().filter(({ name }) => name === 'GET')
      expect(spans.map(({ attributes }) => attributes)).toEqual(
        ['/a', '/b'].map(path =>
          expect.objectContaining({
            'http.request.method': 'GET',
            'url.full': server.origin + path,
            'server.address': '127.0.0.1',
            'server.port': server.port,
            'http.response.status_code': 200,
            'network.peer.address': '127.0.0.1',
            'network.protocol.version': '1.1',
          }),
        ),
      )
      const metrics = await recorder.metrics()
      expect(metrics.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints])).toEqual([
        [
          'http.client.request.duration',
          [expect.objectContaining({ value: expect.objectContaining({ count: 2 }) })],
        ],
      ])
      for (const { status, parentSpanContext } of spans) {
        expect(status.code).toBe(SpanStatusCode.UNSET)
        expect(parentSpanContext?.spanId).toBe(caller.spanContext().spanId)
      }
      expect(sentContexts()).toEqual(spans.map(traceparentOf))
      expect(recorder.open()).toEqual([])
    })

    it('a revalidation reports what the server answered', async () => {
      const stale = { 'cache-control': 'max-age=0, must-revalidate', etag: '"1"' }
      answers.set('/', [{ headers: stale }, { status: 304, headers: stale }, { headers: stale }])
      const send = sender(cache)
      for (let i = 0; i < 3; i++) expect(await send('/', { 'cache-control': 'no-cache' })).toBe('body')
      expect(statuses()).toEqual([200, 304, 200])
      expect(sentContexts()).toEqual(recorder.spans().map(traceparentOf))
    })

    it('a stale response that hides an error reports the error', async () => {
      const headers = { 'cache-control': 'max-age=0, stale-if-error=60', etag: '"1"' }
      answers.set('/', [{ headers }, { status: 503, headers: {} }])
      const send = sender(cache)
      for (let i = 0; i < 2; i++) expect(await send('/', { 'cache-control': 'no-cache' })).toBe('body')
      expect(statuses()).toEqual([200, 503])
      expect(recorder.spans()[1]?.status.code).toBe(SpanStatusCode.ERROR)
    })

    it('a response served while it is revalidated has no span, the revalidation has', async () => {
      const headers = { 'cache-control': 'max-age=0, stale-while-revalidate=60', etag: '"1"' }
      answers.set('/', [{ headers }, { status: 304, headers }])
      const send = sender(cache)
      const [first, second] = [await send('/warm-up'), await send('/')]
      expect([first, second, await send('/')]).toEqual(['body', 'body', 'body'])
      await spansEnded(recorder, 3)
      expect(statuses()).toEqual([200, 200, 304])
      expect(sentContexts()).toEqual(recorder.spans().map(traceparentOf))
      expect(recorder.spans()[2]?.attributes).toMatchObject({ 'url.full': `${server.origin}/` })
    })

    it('a request that shares the response of an equal one has no span', async () => {
      const send = sender(() => undici.interceptors.deduplicate())
      await send('/warm-up')
      expect(await Promise.all([send('/'), send('/'), send('/')])).toEqual(['body', 'body', 'body'])
      expect(server.received.map(({ url }) => url)).toEqual(['/warm-up', '/'])
      expect(sentContexts()).toEqual(recorder.spans().map(traceparentOf))
      expect(recorder.open()).toEqual([])
    })

    it('requests that wait for a connection keep their parents', async () => {
      const agent = new undici.Agent({ connections: 1, pipelining: 1 })
      dispatcher = agent.compose(undici.interceptors.cache())
      const send = above(undici, dispatcher)
      await send('/warm-up')
      const callers = await Promise.all(
        ['/a', '/b', '/c'].map(async path => {
          const caller = trace.getTracer('test').startSpan(path)
          await context.with(trace.setSpan(context.active(), caller), () => send(path))
          caller.end()
          return caller
        }),
      )
      const spans = recorder.spans().filter(({ name }) => name === 'GET')
      expect(spans.slice(1).map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
        callers.map(caller => caller.spanContext().spanId),
      )
      expect(sentContexts()).toEqual(spans.map(traceparentOf))
    })

    it('all attempts of interceptors below carry the context of the one span', async () => {
      const retry = (): unknown => undici.interceptors.retry({ minTimeout: 1 })
      const redirect = (): unknown => undici.interceptors.redirect({ maxRedirections: 3 })
      const send = sender(retry, redirect, cache)
      await send('/warm-up')
      answers.set('/', [
        { status: 503, headers: {} },
        { status: 302, headers: { location: '/target' } },
      ])
      expect(await send('/')).toBe('body')
      expect(server.received.map(({ url }) => url)).toEqual(['/warm-up', '/', '/', '/target'])
      const [warmUp, first, last] = recorder.spans()
      // A fetch follows redirects itself, with another request.
      expect(statuses()).toEqual(last ? [200, 302, 200] : [200, 200])
      expect(sentContexts()).toEqual(
        [warmUp, first, first, last ?? first].map(span => span && traceparentOf(span)),
      )
    })

    it('a request that fails before it is created has a span', async () => {
      const names = new Map([['known.test', '127.0.0.1']])
      const lookup = (
        { hostname }: { hostname: string },
        __: unknown,
        found: (error: Error | null, addresses: unknown[]) => void,
      ): void => {
        const address = names.get(hostname)
        setImmediate(() =>
          address
            ? found(null, [{ address, family: 4, ttl: 1 }])
            : found(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), []),
        )
      }
      const send = sender(() => undici.interceptors.dns({ lookup } as never), cache)
      const { origin } = server
      const named = (name: string): TestServer => ({ ...server, origin: `http://${name}:${server.port}` })
      server = named('known.test')
      await send('/warm-up')
      names.delete('known.test')
      await send('/again').catch(() => undefined)
      server = named('unknown.test')
      expect(await failureOf(send('/'))).toMatchObject({ code: 'ENOTFOUND' })
      server = { ...server, origin }
      const last = recorder.spans().at(-1)
      expect(last?.attributes).toMatchObject({ 'server.address': 'unknown.test', 'error.type': 'ENOTFOUND' })
      expect(recorder.open()).toEqual([])
    })

    it('a store that answers later is followed as well', async () => {
      class LaterStore extends undici.cacheStores.MemoryCacheStore {
        override get(key: never): never {
          return new Promise(resolve => setImmediate(() => resolve(super.get(key)))) as never
        }
      }
      const store = new LaterStore()
      const send = sender(() => undici.interceptors.cache({ store }))
      await send('/warm-up')
      const caller = trace.getTracer('test').startSpan('caller')
      await context.with(trace.setSpan(context.active(), caller), async () => {
        for (let i = 0; i < 2; i++) expect(await send('/')).toBe('body')
      })
      caller.end()
      const spans = recorder.spans().filter(({ name }) => name === 'GET')
      expect(sentContexts()).toEqual(spans.map(traceparentOf))
      expect(spans[1]?.parentSpanContext?.spanId).toBe(caller.spanContext().spanId)
    })

    it('a cache that was filled before answers the first request: only then a hit has a span, without a peer', async () => {
      const store = new undici.cacheStores.MemoryCacheStore()
      const filling = new undici.Agent().compose(undici.interceptors.cache({ store }))
      await (await undici.request(`${server.origin}/a`, { dispatcher: filling })).body.text()
      await filling.destroy()
      const send = sender(() => undici.interceptors.cache({ store }))
      for (const path of ['/a', '/b', '/a']) await send(path)
      expect(
        recorder
          .spans()
          .map(({ attributes }) => [attributes['url.full'], attributes['network.peer.address']]),
      ).toEqual([
        [`${server.origin}/a`, undefined],
        [`${server.origin}/b`, '127.0.0.1'],
      ])
    })

    it('an error response that an interceptor turns into an error has its status, a stored one no span', async () => {
      answers.set('/', [{ status: 404, headers: { 'cache-control': 'max-age=60' } }])
      const send = sender(cache, () => undici.interceptors.responseError())
      await send('/warm-up')
      for (let i = 0; i < 2; i++)
        expect(await failureOf(send('/'))).toMatchObject({ code: 'UND_ERR_RESPONSE' })
      expect(server.received.map(({ url }) => url)).toEqual(['/warm-up', '/'])
      expect(statuses()).toEqual([200, 404])
      expect(recorder.spans()[1]?.attributes['error.type']).toBe('404')
    })

    it('traceUndici() makes no second span', async () => {
      const handle = traceUndici()
      const send = sender(cache)
      for (const path of ['/a', '/a', '/b', '/b']) await send(path)
      handle.stop()
      expect(sentContexts()).toEqual(recorder.spans().map(traceparentOf))
      expect(recorder.spans()).toHaveLength(2)
    })
  })
})
