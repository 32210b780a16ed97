import { subscribe, unsubscribe } from 'node:diagnostics_channel'

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { perCall, traceFetch, traceUndici, tracing } from '@spanwright/undici'

import { startServer, type TestServer } from './server.ts'
import { onlySpan, spansEnded, traceparentOf } from './span-assertions.ts'
import { VERSIONS, WAYS } from './ways.ts'

const ascending = (a: number, b: number): number => a - b

const recorder = recordTests()
let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterEach(async () => {
  server.received.length = 0
})
afterAll(async () => {
  await server.stop()
})

describe.each(VERSIONS)('on one request of %s', (_, undici) => {
  type Send = (path: string) => Promise<unknown>

  const ways: [string, (options?: { propagateTo: boolean }) => { send: Send; stop(): Promise<unknown> }][] = [
    [
      'tracing() and traceUndici()',
      options => {
        const handle = traceUndici(options)
        const agent = new undici.Agent().compose(tracing(options))
        const send: Send = async path =>
          (await undici.request(server.origin + path, { dispatcher: agent })).body.text()
        return { send, stop: async () => (handle.stop(), agent.close()) }
      },
    ],
    [
      'traceUndici() and tracing() on a saturated pool',
      options => {
        const pool = new undici.Pool(server.origin, { connections: 1 }).compose(tracing(options))
        const handle = traceUndici(options)
        const send: Send = async path => (await pool.request({ method: 'GET', path })).body.text()
        return { send, stop: async () => (handle.stop(), pool.close()) }
      },
    ],
    [
      'traceFetch() and traceUndici()',
      options => {
        const handle = traceUndici(options)
        const fetch = traceFetch(undici.fetch, options)
        return {
          send: async path => (await fetch(server.origin + path)).text(),
          stop: async () => handle.stop(),
        }
      },
    ],
    [
      'traceFetch() of a Request and traceUndici()',
      options => {
        const handle = traceUndici(options)
        const fetch = traceFetch(undici.fetch, options)
        const send: Send = async path => (await fetch(new undici.Request(server.origin + path))).text()
        return { send, stop: async () => handle.stop() }
      },
    ],
    [
      'traceFetch() over a dispatcher with tracing(), and traceUndici() twice',
      options => {
        const handles = [traceUndici(options), traceUndici(options)]
        const agent = new undici.Agent().compose(tracing(options), tracing(options))
        const fetch = traceFetch(traceFetch(undici.fetch, options), options)
        const send: Send = async path => (await fetch(server.origin + path, { dispatcher: agent })).text()
        return {
          send,
          stop: async () => (handles.forEach(handle => handle.stop()), agent.close()),
        }
      },
    ],
  ]

  it.each(ways)('%s make one span', async (__, start) => {
    const { send, stop } = start()
    await send('/')
    await stop()

    const span = onlySpan(recorder)
    expect(server.received.map(({ headers }) => headers['traceparent'])).toEqual([traceparentOf(span)])
  })

  it.each(ways)('%s make one span each for many concurrent requests', async (__, start) => {
    const { send, stop } = start()
    await Promise.all(Array.from({ length: 20 }, (___, i) => send(`/${i % 3}`)))
    await stop()

    expect(recorder.open()).toEqual([])
    expect(recorder.spans().map(traceparentOf).toSorted()).toEqual(
      server.received.map(({ headers }) => String(headers['traceparent'])).toSorted(),
    )
    expect(recorder.spans().length).toBe(20)
  })

  it.each(ways)('%s make one span each when no context is sent', async (__, start) => {
    const { send, stop } = start({ propagateTo: false })
    await Promise.all(Array.from({ length: 20 }, (___, i) => send(`/${i % 3}`)))
    await stop()

    const spans = await spansEnded(recorder, 20)
    expect(spans.length).toBe(20)
    expect(recorder.open()).toEqual([])
    expect(server.received.flatMap(({ rawHeaders }) => rawHeaders)).not.toContain('traceparent')
  })
})

describe.each(VERSIONS)('on requests of %s', (_, undici) => {
  it.each<[string, (dispatcher: InstanceType<typeof undici.Agent>) => Promise<unknown>]>([
    [
      'fetch',
      async () => (await traceFetch(undici.fetch)(server.origin, { tracing: { ignore: true } })).text(),
    ],
    [
      'fetch over a dispatcher with tracing()',
      async dispatcher =>
        (await traceFetch(undici.fetch)(server.origin, { dispatcher, tracing: { ignore: true } })).text(),
    ],
    [
      'fetch of a Request',
      async () =>
        (
          await traceFetch(undici.fetch)(new undici.Request(server.origin), { tracing: { ignore: true } })
        ).text(),
    ],
    [
      'request()',
      async dispatcher => {
        const options: object = { dispatcher, [perCall]: { ignore: true } }
        return (await undici.request(server.origin, options)).body.text()
      },
    ],
  ])('a call of %s with ignore has no span of any entry point', async (__, send) => {
    const handle = traceUndici()
    const dispatcher = new undici.Agent().compose(tracing())
    await send(dispatcher as InstanceType<typeof undici.Agent>)
    await dispatcher.close()
    expect(recorder.spans()).toEqual([])
    expect(server.received.map(({ headers }) => headers['traceparent'])).toEqual([undefined])

    await (await undici.request(server.origin)).body.dump()
    handle.stop()
    onlySpan(recorder)
  })

  it('a request is not confused with another of the same path that waits in a pool', async () => {
    const other = await startServer()
    const handle = traceUndici()
    const pool = new undici.Pool(server.origin, { connections: 1 }).compose(tracing({ propagateTo: false }))
    const queued = [1, 2].map(async () => (await pool.request({ method: 'GET', path: '/same' })).body.dump())
    await (await undici.request(`${other.origin}/same`)).body.dump()
    await Promise.all(queued)
    await pool.close()
    handle.stop()
    await other.stop()

    const ports = recorder.spans().map(({ attributes }) => Number(attributes['server.port']))
    expect(ports.toSorted(ascending)).toEqual([server.port, server.port, other.port].toSorted(ascending))
    expect(other.received.map(({ headers }) => typeof headers['traceparent'])).toEqual(['string'])
  })
})

/** As OpenTelemetry's instrumentation and dd-trace do: they add their context to a request that undici has created. */
function addTheirContext({ request }: { request: UndiciRequest }): void {
  request.addHeader('traceparent', THEIRS)
  request.addHeader('tracestate', 'theirs=1')
  request.addHeader('x-theirs', '1')
}

const THEIRS = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`
const CREATED = 'undici:request:create'

interface UndiciRequest {
  addHeader(name: string, value: string): unknown
}

describe.each(WAYS)('with another instrumentation, %s', (way, start) => {
  const subscriber = addTheirContext as (message: unknown) => void
  const linesOf = (rawHeaders: readonly string[]): string[] =>
    rawHeaders.flatMap((name, index) =>
      index % 2 === 0 && /^(trace|x-)/.test(name) ? [`${name} ${rawHeaders[index + 1]}`] : [],
    )

  it('sends one context, when the other one is set up later', async () => {
    const sender = start()
    subscribe(CREATED, subscriber)
    await (await sender.send(server.origin)).text()
    unsubscribe(CREATED, subscriber)
    await sender.stop()

    const sent = [`traceparent ${traceparentOf(onlySpan(recorder))}`, 'x-theirs 1']
    expect(server.received.map(({ rawHeaders }) => linesOf(rawHeaders).toSorted())).toEqual([sent])
  })

  it('sends one context, when the other one is set up before', async () => {
    subscribe(CREATED, subscriber)
    const sender = start()
    await (await sender.send(server.origin)).text()
    unsubscribe(CREATED, subscriber)
    await sender.stop()

    const ours = [`traceparent ${traceparentOf(onlySpan(recorder))}`, 'x-theirs 1']
    const theirs = [`traceparent ${THEIRS}`, 'tracestate theirs=1', 'x-theirs 1']
    const [lines = []] = server.received.map(({ rawHeaders }) => linesOf(rawHeaders).toSorted())
    expect(lines).toEqual(way.startsWith('traceUndici()') ? theirs : ours)
  })
})

describe('a stopped traceUndici()', () => {
  it('follows open requests, and traces no new ones', async () => {
    const handle = traceUndici()
    const response = await fetch(server.origin)
    handle.stop()
    handle.stop()
    await response.text()
    await (await fetch(server.origin)).text()

    onlySpan(recorder)
  })

  it('is stopped by the end of its scope', async () => {
    {
      using handle = traceUndici()
      expect(handle.stop).toBeInstanceOf(Function)
    }
    await (await fetch(server.origin)).text()
    expect(recorder.spans()).toEqual([])
  })
})
