import { context, propagation, SpanStatusCode, trace } from '@opentelemetry/api'
import { suppressTracing } from '@opentelemetry/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { perCall, traceFetch, tracing, type UndiciTracingOptions } from '@spanwright/undici'

import { startServer, type TestServer } from './server.ts'
import { onlySpan, traceparentOf } from './span-assertions.ts'
import { VERSIONS, WAYS } from './ways.ts'

type PropagateTo = NonNullable<UndiciTracingOptions['propagateTo']>

const recorder = recordTests()
let server: TestServer
let third: TestServer
beforeAll(async () => {
  third = await startServer((request, response) => {
    if (request.url === '/back') response.writeHead(307, { location: `${server.origin}/home` })
    response.end()
  })
  server = await startServer((request, response) => {
    response.setHeader('x-answer', 'forty-two')
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    if (request.url === '/away') response.writeHead(302, { location: `${third.origin}/back` })
    response.end()
  })
})
afterEach(async () => {
  server.received.length = 0
  third.received.length = 0
})
afterAll(async () => {
  await server.stop()
  await third.stop()
})

const MINE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** What a request carried of a header, each occurrence for itself. */
function sent({ received }: TestServer, name: string): string[][] {
  return received.map(({ rawHeaders }) =>
    rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name),
  )
}

async function inBaggage<T>(work: () => Promise<T>): Promise<T> {
  const baggage = propagation.createBaggage({ user: { value: 'u1' } })
  return context.with(propagation.setBaggage(context.active(), baggage), work)
}

describe.each(WAYS)('%s', (wayName, start) => {
  async function send(
    options: Parameters<typeof start>[0],
    url: string,
    headers?: Record<string, string>,
  ): Promise<void> {
    const way = start(options)
    const response = await way.send(url, { headers })
    await response.text()
    await way.stop()
  }

  it('sends context and baggage', async () => {
    await inBaggage(() => send({}, server.origin))
    expect(sent(server, 'traceparent')).toEqual([[traceparentOf(onlySpan(recorder))]])
    expect(sent(server, 'baggage')).toEqual([['user=u1']])
  })

  it('keeps a context that the caller has set, and adds nothing', async () => {
    await inBaggage(() => send({}, server.origin, { TraceParent: MINE }))
    onlySpan(recorder)
    expect(sent(server, 'traceparent')).toEqual([[MINE]])
    expect(sent(server, 'baggage')).toEqual([[]])
  })

  it('keeps baggage that the caller has set, next to the context', async () => {
    await inBaggage(() => send({}, server.origin, { baggage: 'mine=1' }))
    expect(sent(server, 'traceparent')).toEqual([[traceparentOf(onlySpan(recorder))]])
    expect(sent(server, 'baggage')).toEqual([['mine=1']])
  })

  it('replaces what the caller has set when configured', async () => {
    await send({ existingContext: 'replace' }, server.origin, {
      TraceParent: MINE,
      tracestate: 'old=1',
      'x-mine': 'yes',
    })
    expect(sent(server, 'traceparent')).toEqual([[traceparentOf(onlySpan(recorder))]])
    expect(sent(server, 'tracestate')).toEqual([[]])
    expect(sent(server, 'x-mine')).toEqual([['yes']])
  })

  it('sends no context to a host that is not on the list, but makes the span', async () => {
    await inBaggage(() => send({ propagateTo: ['example.com'] }, server.origin))
    onlySpan(recorder)
    expect(sent(server, 'traceparent')).toEqual([[]])
    expect(sent(server, 'baggage')).toEqual([[]])
  })

  it('sends the context to a host on the list', async () => {
    await send({ propagateTo: [`127.0.0.1:${server.port}`] }, server.origin)
    expect(sent(server, 'traceparent')).toEqual([[traceparentOf(onlySpan(recorder))]])
  })

  it('takes the host name from the header when the URL has only an address', async () => {
    await send({ propagateTo: ['api.test'] }, `${server.origin}/named`, { host: 'api.test' })
    const isFetch = wayName.includes('fetch')
    const { attributes } = onlySpan(recorder)
    const address = isFetch ? '127.0.0.1' : 'api.test'
    expect(attributes).toMatchObject({
      'server.address': address,
      'server.port': server.port,
      'url.full': `http://${address}:${server.port}/named`,
      'network.peer.address': '127.0.0.1',
    })
    expect(sent(server, 'traceparent').flat()).toHaveLength(isFetch ? 0 : 1)
  })

  it('names the span by a template', async () => {
    await send(
      { urlTemplate: ({ url }) => new URL(url).pathname.replace(/\d+/, '{id}') },
      `${server.origin}/items/7?x`,
    )
    expect(onlySpan(recorder)).toMatchObject({
      name: 'GET /items/{id}',
      attributes: { 'url.template': '/items/{id}', 'url.full': `${server.origin}/items/7?x` },
    })
  })

  it('captures the named headers', async () => {
    await send(
      {
        captureHeaders: {
          request: ['X-Mine', 'authorization', 'x-none'],
          response: ['x-answer', 'set-cookie'],
        },
      },
      server.origin,
      { 'x-mine': 'yes', authorization: 'Bearer secret' },
    )
    const { attributes } = onlySpan(recorder)
    expect(
      Object.fromEntries(Object.entries(attributes).filter(([key]) => key.includes('.header.'))),
    ).toEqual({
      'http.request.header.x-mine': ['yes'],
      'http.request.header.authorization': ['REDACTED'],
      'http.response.header.x-answer': ['forty-two'],
      'http.response.header.set-cookie': ['REDACTED', 'REDACTED'],
    })
  })

  it('hides the configured query keys', async () => {
    await send({ sensitiveQueryKeys: ['token'] }, `${server.origin}/?token=abc&sig=abc`)
    expect(onlySpan(recorder).attributes['url.full']).toBe(`${server.origin}/?token=REDACTED&sig=abc`)
    expect(server.received[0]?.url).toBe('/?token=abc&sig=abc')
  })

  it('passes the request and its outcome to hooks', async () => {
    const seen: unknown[] = []
    await send(
      {
        attributes: operation => ({ 'test.path': new URL(operation.url).pathname }),
        onStart: (_span, operation) => seen.push(operation),
        onEnd: (_span, __, outcome) => seen.push({ ...outcome, durationMs: typeof outcome.durationMs }),
      },
      `${server.origin}/path?sig=abc`,
      { 'X-Mine': 'yes' },
    )
    expect(onlySpan(recorder).attributes['test.path']).toBe('/path')
    expect(seen).toMatchObject([
      { method: 'GET', url: `${server.origin}/path?sig=abc`, headers: { 'x-mine': 'yes' } },
      { statusCode: 200, durationMs: 'number' },
    ])
  })

  it('is untouched by hooks that throw', async () => {
    const fail = (): never => {
      throw new Error('hook')
    }
    await send(
      { attributes: fail, onStart: fail, onEnd: fail, ignore: fail, urlTemplate: fail },
      server.origin,
    )
    expect(sent(server, 'traceparent')).toEqual([[traceparentOf(onlySpan(recorder))]])
  })

  it('skips only the ignored request', async () => {
    const caller = trace.getTracer('test').startSpan('caller')
    await context.with(trace.setSpan(context.active(), caller), async () => {
      await send({ ignore: ({ url }) => url.endsWith('/health') }, `${server.origin}/health`)
    })
    caller.end()
    expect(recorder.spans().map(({ name }) => name)).toEqual(['caller'])
    expect(sent(server, 'traceparent')).toEqual([[]])
    expect(await recorder.metrics()).toEqual([])
  })

  it('creates no span, sends no context and counts nothing when tracing is suppressed', async () => {
    await context.with(suppressTracing(context.active()), () => send({}, server.origin))
    expect(recorder.spans()).toEqual([])
    expect(sent(server, 'traceparent')).toEqual([[]])
    expect(await recorder.metrics()).toEqual([])
  })

  it('creates no root when a parent is required', async () => {
    await send({ requireParent: true }, server.origin)
    expect(recorder.spans()).toEqual([])
    expect(sent(server, 'traceparent')).toEqual([[]])
  })

  it('writes the legacy vocabulary when configured', async () => {
    await send({ semconv: 'legacy' }, `${server.origin}/path`)
    const span = onlySpan(recorder)
    expect(span.attributes).toMatchObject({
      'http.method': 'GET',
      'http.url': `${server.origin}/path`,
      'http.status_code': 200,
      'net.peer.name': '127.0.0.1',
      'net.peer.port': server.port,
    })
    expect(span.attributes).not.toHaveProperty('url.full')
  })

  it('names a span of an unknown method HTTP', async () => {
    const way = start({})
    await (await way.send(server.origin, { method: 'PURGE' })).text()
    await way.stop()
    expect(onlySpan(recorder)).toMatchObject({
      name: 'HTTP',
      attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PURGE' },
    })
  })
})

describe.each(WAYS.filter(([name]) => name.includes('fetch')))('%s', (_, start) => {
  it.each<[string, () => PropagateTo]>([
    ['a host with its port', () => [`127.0.0.1:${server.port}`]],
    ['an origin', () => [server.origin]],
    ['a regular expression', () => [new RegExp(`:${server.port}$`)]],
    ['a function', () => url => url.port === String(server.port)],
  ])('decides for each hop of a redirect whether the context goes there, by %s', async (__, policy) => {
    const way = start({ propagateTo: policy() })
    await (await way.send(`${server.origin}/away`)).text()
    await way.stop()

    const [first, second, last] = recorder.spans()
    expect(
      recorder
        .spans()
        .map(({ attributes }) => [attributes['url.full'], attributes['http.request.resend_count']]),
    ).toEqual([
      [`${server.origin}/away`, undefined],
      [`${third.origin}/back`, 1],
      [`${server.origin}/home`, 2],
    ])
    expect(sent(server, 'traceparent')).toEqual([
      [first && traceparentOf(first)],
      [last && traceparentOf(last)],
    ])
    expect(sent(third, 'traceparent')).toEqual([[]])
    expect(second?.status.code).toBe(SpanStatusCode.UNSET)
  })

  it('keeps a context that the caller has set on every hop', async () => {
    const way = start({})
    await (await way.send(`${server.origin}/away`, { headers: { traceparent: MINE } })).text()
    await way.stop()
    expect(recorder.spans()).toHaveLength(3)
    expect(sent(server, 'traceparent')).toEqual([[MINE], [MINE]])
  })
})

describe('options of one call', () => {
  const own = {
    propagate: false,
    attributes: { 'test.kind': 'report' },
    name: 'fetch the report',
    urlTemplate: '/reports/{id}',
  }

  it('in the second argument of a traced fetch', async () => {
    const fetch = traceFetch(globalThis.fetch)
    const init = Object.freeze({ tracing: Object.freeze(own), headers: Object.freeze({ 'x-mine': 'yes' }) })
    await (await fetch(server.origin, init)).text()
    expect(onlySpan(recorder)).toMatchObject({
      name: 'fetch the report',
      attributes: { 'test.kind': 'report', 'url.template': '/reports/{id}' },
    })
    expect(sent(server, 'traceparent')).toEqual([[]])
    expect(sent(server, 'x-mine')).toEqual([['yes']])
  })

  it('by a template derived from the request', async () => {
    const fetch = traceFetch(globalThis.fetch, { urlTemplate: '/others' })
    const urlTemplate = ({ url }: { url: string }): string => new URL(url).pathname.replace(/\d+/, '{id}')
    await (await fetch(`${server.origin}/items/7`, { tracing: { urlTemplate } })).text()
    expect(onlySpan(recorder)).toMatchObject({
      name: 'GET /items/{id}',
      attributes: { 'url.template': '/items/{id}' },
    })
  })

  it('by a template that throws, which is replaced by that of the options', async () => {
    const fetch = traceFetch(globalThis.fetch, { urlTemplate: '/others' })
    const urlTemplate = (): string => {
      throw new Error('no template')
    }
    await (await fetch(server.origin, { tracing: { urlTemplate } })).text()
    expect(onlySpan(recorder).name).toBe('GET /others')
  })

  it('and permit the context only for the host of the call', async () => {
    const fetch = traceFetch(globalThis.fetch, { propagateTo: false })
    await (await fetch(`${server.origin}/away`, { tracing: { propagate: true } })).text()
    const [first, , last] = recorder.spans()
    expect(recorder.spans()).toHaveLength(3)
    expect(sent(server, 'traceparent')).toEqual([
      [first && traceparentOf(first)],
      [last && traceparentOf(last)],
    ])
    expect(sent(third, 'traceparent')).toEqual([[]])
  })

  it('next to a Request', async () => {
    const fetch = traceFetch(globalThis.fetch)
    await (await fetch(new Request(server.origin), { tracing: own })).text()
    expect(onlySpan(recorder).name).toBe('fetch the report')
    expect(sent(server, 'traceparent')).toEqual([[]])
  })

  it('and ignore it', async () => {
    const fetch = traceFetch(globalThis.fetch)
    await (await fetch(server.origin, { tracing: { ignore: true } })).text()
    expect(recorder.spans()).toEqual([])
    expect(sent(server, 'traceparent')).toEqual([[]])
  })

  it.each(VERSIONS)('in the request options of %s, and ignore it', async (_, undici) => {
    const agent = new undici.Agent().compose(tracing())
    const options = { dispatcher: agent, [perCall]: { ignore: true } }
    await (await undici.request(server.origin, options)).body.dump()
    await agent.close()
    expect(recorder.spans()).toEqual([])
    expect(await recorder.metrics()).toEqual([])
    expect(sent(server, 'traceparent')).toEqual([[]])
  })

  it.each(VERSIONS)('in the request options of %s', async (_, undici) => {
    const agent = new undici.Agent().compose(tracing({ propagateTo: false }))
    const options = { dispatcher: agent, [perCall]: { ...own, propagate: true } }
    await (await undici.request(server.origin, options)).body.dump()
    await agent.close()
    const span = onlySpan(recorder)
    expect(span.name).toBe('fetch the report')
    expect(sent(server, 'traceparent')).toEqual([[traceparentOf(span)]])
  })
})

describe.each(VERSIONS)('headers of a request of %s', (_, undici) => {
  let agent: InstanceType<typeof undici.Agent>
  beforeEach(() => {
    agent = new undici.Agent()
  })
  afterEach(() => agent.close())

  it.each<[string, () => unknown]>([
    ['an object', () => Object.freeze({ 'X-Mine': 'yes' })],
    ['a flat list', () => Object.freeze(['X-Mine', 'yes'])],
    ['Headers', () => new undici.Headers({ 'X-Mine': 'yes' })],
    ['an iterable that can be read once', () => new Map([['X-Mine', 'yes']]).entries()],
    ['none', () => undefined],
  ])('given as %s arrive with the context', async (__, headers) => {
    const given = headers()
    const traced = agent.compose(tracing())
    const options = Object.freeze({ dispatcher: traced, headers: given as Record<string, string> })
    await (await undici.request(server.origin, options)).body.dump()
    expect(sent(server, 'x-mine')).toEqual([given === undefined ? [] : ['yes']])
    expect(sent(server, 'traceparent')).toEqual([[traceparentOf(onlySpan(recorder))]])
  })
})

describe('headers of a traced fetch', () => {
  it.each<[string, RequestInit['headers']]>([
    ['an object', Object.freeze({ 'X-Mine': 'yes' })],
    ['a list of pairs', Object.freeze([Object.freeze(['X-Mine', 'yes'])]) as unknown as [string, string][]],
    ['Headers', new Headers({ 'X-Mine': 'yes' })],
    ['none', undefined],
  ])('given as %s arrive with the context', async (_, headers) => {
    const fetch = traceFetch(globalThis.fetch)
    await (await fetch(server.origin, Object.freeze({ ...(headers && { headers }) }))).text()
    expect(sent(server, 'x-mine')).toEqual([headers ? ['yes'] : []])
    expect(sent(server, 'traceparent')).toEqual([[traceparentOf(onlySpan(recorder))]])
  })

  it('given in a Request instead of the options arrive as well', async () => {
    const fetch = traceFetch(globalThis.fetch)
    const request = new Request(server.origin, { method: 'POST', headers: { 'X-Mine': 'yes' } })
    await (await fetch(`${server.origin}/other`, request as unknown as RequestInit)).text()
    expect(server.received).toMatchObject([{ method: 'POST', url: '/other' }])
    expect(sent(server, 'x-mine')).toEqual([['yes']])
    expect(sent(server, 'traceparent')).toEqual([[traceparentOf(onlySpan(recorder))]])
  })
})
