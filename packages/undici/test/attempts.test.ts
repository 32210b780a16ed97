import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { traceUndici, tracing } from '@spanwright/undici'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

import { BOTH } from './proxy.ts'
import { startServer, type TestServer } from './server.ts'
import { traceparentOf } from './span-assertions.ts'
import { VERSIONS } from './ways.ts'

const recorder = recordTests()
let server: TestServer
/** Status codes still to be sent by path, before 200. */
const failures = new Map<string, (number | 'reset')[]>()
beforeAll(async () => {
  server = await startServer((request, response) => {
    const answer = failures.get(request.url ?? '')?.shift() ?? 200
    if (answer === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    if (answer === 302) response.setHeader('location', '/target')
    response.statusCode = answer
    response.end('body')
  })
})
afterEach(async () => {
  server.received.length = 0
})
afterAll(async () => {
  await server.stop()
})

/** Runs work in the trace of its own span. */
async function inTrace<T>(work: () => Promise<T>): Promise<Span> {
  const caller = trace.getTracer('test').startSpan('caller')
  await context.with(trace.setSpan(context.active(), caller), work)
  caller.end()
  return caller
}

function childrenOf(caller: Span): ReadableSpan[] {
  return recorder
    .spans()
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === caller.spanContext().spanId)
}

function told(spans: readonly ReadableSpan[]): unknown[] {
  return spans.map(({ attributes, status }) => [
    attributes['http.response.status_code'],
    attributes['http.request.resend_count'],
    attributes['error.type'],
    status.code === SpanStatusCode.ERROR,
  ])
}

const RETRY = { minTimeout: 5, timeoutFactor: 1 }

describe.each(VERSIONS)('with the interceptors of %s', (_, undici) => {
  it.each([
    ['the retry interceptor', () => new undici.Agent().compose(tracing(), undici.interceptors.retry(RETRY))],
    ['a RetryAgent', () => new undici.RetryAgent(new undici.Agent().compose(tracing()) as never, RETRY)],
  ])(
    'each attempt of %s is a span under the caller, whichever call opened the connection',
    async (__, make) => {
      const dispatcher = make()
      const send = async (path: string): Promise<string> =>
        (await undici.request(server.origin + path, { dispatcher })).body.text()
      const first = await inTrace(() => send('/'))
      failures.set('/flaky', [503, 'reset'])
      const second = await inTrace(() => send('/flaky'))
      await dispatcher.close()

      expect(told(childrenOf(first))).toEqual([[200, undefined, undefined, false]])
      expect(told(childrenOf(second))).toEqual([
        [503, undefined, '503', true],
        [undefined, 1, 'ECONNRESET', true],
        [200, 2, undefined, false],
      ])
      expect(recorder.open()).toEqual([])
      expect(server.received.map(({ headers }) => headers['traceparent'])).toEqual(
        recorder
          .spans()
          .filter(({ name }) => name !== 'caller')
          .map(traceparentOf),
      )
    },
  )

  it.each(['retry after redirect', 'redirect after retry'])(
    'the attempts of both interceptors are counted as those of one call: %s',
    async order => {
      const both = [
        undici.interceptors.retry(RETRY),
        undici.interceptors.redirect({ maxRedirections: 3 }),
      ] as const
      const [near, far] = order === 'retry after redirect' ? both : ([both[1], both[0]] as const)
      const dispatcher = new undici.Agent().compose(tracing(), near, far)
      failures.set('/moved', [302])
      failures.set('/target', [503])
      const caller = await inTrace(async () =>
        (await undici.request(`${server.origin}/moved`, { dispatcher })).body.text(),
      )
      await dispatcher.close()

      const isWholeRepeated = order === 'redirect after retry'
      expect(told(childrenOf(caller)).slice(0, 2)).toEqual([
        [302, undefined, undefined, false],
        [503, 1, '503', true],
      ])
      expect(childrenOf(caller).at(-1)?.attributes).toMatchObject({
        'http.response.status_code': 200,
        'http.request.resend_count': 2,
        'url.full': `${server.origin}${isWholeRepeated ? '/moved' : '/target'}`,
      })
      expect(childrenOf(caller)).toHaveLength(3)
    },
  )

  it('each hop of the redirect interceptor is a span under the caller', async () => {
    const redirect = undici.interceptors.redirect({ maxRedirections: 3 })
    const dispatcher = new undici.Agent().compose(tracing(), redirect)
    const send = async (path: string): Promise<string> =>
      (await undici.request(server.origin + path, { dispatcher })).body.text()
    await inTrace(() => send('/'))
    failures.set('/moved', [302])
    const caller = await inTrace(() => send('/moved'))
    await dispatcher.close()

    expect(told(childrenOf(caller))).toEqual([
      [302, undefined, undefined, false],
      [200, 1, undefined, false],
    ])
  })

  it('each hop of the redirect interceptor is a span under the caller for traceUndici() too', async () => {
    const handle = traceUndici()
    const redirect = undici.interceptors.redirect({ maxRedirections: 3 })
    const dispatcher = new undici.Agent().compose(redirect)
    const send = async (path: string): Promise<string> =>
      (await undici.request(server.origin + path, { dispatcher })).body.text()
    await inTrace(() => send('/'))
    failures.set('/moved', [302])
    const caller = await inTrace(() => send('/moved'))
    await dispatcher.close()
    handle.stop()

    expect(told(childrenOf(caller))).toEqual([
      [302, undefined, undefined, false],
      [200, 1, undefined, false],
    ])
  })

  it('retries are one span when the interceptor comes before tracing in the list', async () => {
    const handle = traceUndici()
    const dispatcher = new undici.Agent().compose(undici.interceptors.retry(RETRY), tracing())
    failures.set('/flaky', [503])
    const caller = await inTrace(async () =>
      (await undici.request(`${server.origin}/flaky`, { dispatcher })).body.text(),
    )
    await dispatcher.close()
    handle.stop()

    expect(told(childrenOf(caller))).toEqual([[200, undefined, undefined, false]])
    expect(recorder.spans()).toHaveLength(2)
  })

  it('a request made in a response handler is a separate call', async () => {
    const dispatcher = new undici.Agent().compose(tracing())
    const caller = await inTrace(async () => {
      const response = await undici.request(server.origin, { dispatcher })
      await response.body.dump()
      await (await undici.request(server.origin, { dispatcher })).body.dump()
    })
    await dispatcher.close()
    expect(told(childrenOf(caller))).toEqual([
      [200, undefined, undefined, false],
      [200, undefined, undefined, false],
    ])
  })
})

// Undici 7 hides the handler of the caller from its channels behind one of its own.
describe.each(VERSIONS.filter(([name]) => name !== 'undici 7'))(
  'with the interceptors of %s',
  (_, undici) => {
    it('each attempt of the retry interceptor is a span under the caller for traceUndici()', async () => {
      const handle = traceUndici()
      const dispatcher = new undici.Agent().compose(undici.interceptors.retry(RETRY))
      const send = async (path: string): Promise<string> =>
        (await undici.request(server.origin + path, { dispatcher })).body.text()
      await inTrace(() => send('/'))
      failures.set('/flaky', [503])
      const caller = await inTrace(() => send('/flaky'))
      await dispatcher.close()
      handle.stop()

      expect(told(childrenOf(caller))).toEqual([
        [503, undefined, '503', true],
        [200, 1, undefined, false],
      ])
      expect(recorder.open()).toEqual([])
    })
  },
)

describe.each(VERSIONS.filter(([, { interceptors }]) => interceptors.dns !== undefined))(
  'with the DNS interceptor of %s',
  (_, undici) => {
    it.each(BOTH)(
      'the name of the host is recorded in place of the address the interceptor has put, by %s',
      async (__, make) => {
        const dns = undici.interceptors.dns({ affinity: 4, dualStack: false })
        const [traced, stop] = make(new undici.Agent(), { propagateTo: ['localhost'] })
        const dispatcher = traced.compose(dns)
        await (await undici.request(`http://localhost:${server.port}/named`, { dispatcher })).body.dump()
        await dispatcher.close()
        stop()
        expect(recorder.spans().map(({ attributes }) => attributes)).toEqual([
          {
            'http.request.method': 'GET',
            'http.response.status_code': 200,
            'server.address': 'localhost',
            'server.port': server.port,
            'url.full': `http://localhost:${server.port}/named`,
            'network.peer.address': '127.0.0.1',
            'network.peer.port': server.port,
            'network.protocol.version': '1.1',
          },
        ])
        expect(server.received.map(({ headers }) => headers['traceparent'])).toEqual(
          recorder.spans().map(traceparentOf),
        )
      },
    )
  },
)

describe('with the cache of undici 7', () => {
  const [, undici] = VERSIONS[1] ?? []
  if (!undici) throw new Error('undici 7 is missing')

  it('a response from the cache makes no span', async () => {
    const cached = await startServer((_, response) => {
      response.setHeader('cache-control', 'max-age=60')
      response.end('body')
    })
    const dispatcher = new undici.Agent().compose(tracing(), undici.interceptors.cache())
    for (let i = 0; i < 2; i++) {
      expect(await (await undici.request(cached.origin, { dispatcher })).body.text()).toBe('body')
    }
    await dispatcher.close()
    await cached.stop()
    expect(cached.received).toHaveLength(1)
    expect(told(recorder.spans())).toEqual([[200, undefined, undefined, false]])
  })
})
