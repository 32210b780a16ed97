import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'

import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { recordTests } from '@spanwright/test-kit/recorder'

import { startServer, type TestServer } from './server.ts'
import { failureOf, onlySpan, spansEnded } from './span-assertions.ts'
import { WAYS, type Way } from './ways.ts'

const recorder = recordTests()
let server: TestServer
beforeAll(async () => {
  server = await startServer((request, response) => {
    if (request.url === '/silent') return
    if (request.url === '/quick') {
      response.end()
      return
    }
    if (request.url === '/reset') {
      request.socket.resetAndDestroy()
      return
    }
    if (request.url === '/endless') {
      const more = setInterval(() => response.write('.'), 10)
      response.on('close', () => clearInterval(more))
      return
    }
    response.writeHead(request.url === '/failing' ? 500 : 200, { 'content-length': 100 })
    response.write('first part')
    if (request.url === '/truncated') response.write('.', () => request.socket.end())
  })
})
afterAll(async () => {
  await server.stop()
})

/** How much is known of the peer depends on how far the request came. */
function withoutPeer(attributes: Attributes): Attributes {
  const {
    'network.peer.address': address = '127.0.0.1',
    'network.peer.port': port = server.port,
    'network.protocol.version': version = '1.1',
    ...rest
  } = attributes
  expect({ address, port, version }).toEqual({ address: '127.0.0.1', port: server.port, version: '1.1' })
  return rest
}

describe.each(WAYS)('%s', (_, start) => {
  let way: Way
  beforeEach(() => {
    way = start({}, { headersTimeout: 50, bodyTimeout: 50 })
  })
  afterEach(() => way.stop())

  /** The one span of a request to a URL that failed as its caller saw, and the metric. */
  async function expectError(work: Promise<unknown>, url: string, statusCode?: number): Promise<void> {
    const { code } = await failureOf(work)
    await spansEnded(recorder, 1)
    const span = onlySpan(recorder)
    const { hostname, port, protocol } = new URL(url)
    const measured = {
      'error.type': code,
      'http.request.method': 'GET',
      ...(statusCode && { 'http.response.status_code': statusCode }),
      'server.address': hostname,
      'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
    }
    expect(code).toMatch(/^[A-Z_0-9]+$/)
    expect(span).toMatchObject({
      name: 'GET',
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.ERROR },
      links: [],
      parentSpanContext: undefined,
    })
    expect(withoutPeer(span.attributes)).toEqual({ ...measured, 'url.full': url })
    expect(span.events.map(event => event.name)).toEqual([
      ...(statusCode ? ['spanwright.response.headers'] : []),
      'exception',
    ])
    const [metric, ...others] = await recorder.metrics()
    expect(others).toEqual([])
    expect(metric?.descriptor.name).toBe('http.client.request.duration')
    expect(metric?.dataPoints.map(point => withoutPeer(point.attributes))).toEqual([measured])
  }

  it('a name that does not resolve is an error', async () => {
    await expectError(way.send('http://nowhere.invalid/'), 'http://nowhere.invalid/')
  })

  it('a failed TLS handshake is an error', async () => {
    const url = `https://127.0.0.1:${server.port}/`
    await expectError(way.send(url), url)
  })

  it('a connection closed before the response is an error', async () => {
    await expectError(way.send(`${server.origin}/reset`), `${server.origin}/reset`)
  })

  it('a truncated body is an error in addition to its status', async () => {
    const response = await way.send(`${server.origin}/truncated`)
    await expectError(response.text(), `${server.origin}/truncated`, 200)
  })

  it.each([
    ['without a reason', undefined],
    ['with an error of its own', new Error('changed my mind')],
    ['with an error that has a code', Object.assign(new Error('mine'), { code: 'MINE' })],
    ['with a text', 'changed my mind'],
  ])('a request cancelled %s is not an error', async (__, reason) => {
    const controller = new AbortController()
    const arrived = once(server.server, 'request')
    const failed = way.send(`${server.origin}/silent`, { signal: controller.signal }).then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    await arrived
    controller.abort(reason)
    expect(await failed).toEqual({ error: controller.signal.reason })

    await spansEnded(recorder, 1)
    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).not.toHaveProperty('error.type')
    expect(span.events.map(event => event.name)).toEqual(['spanwright.aborted'])
  })

  it('a request whose signal is already aborted has no error, if it has a span', async () => {
    const reason = new Error('never mind')
    const failed = way.send(`${server.origin}/silent`, { signal: AbortSignal.abort(reason) })
    await expect(failed).rejects.toBe(reason)
    expect(recorder.open()).toEqual([])
    expect(recorder.spans().map(({ status, attributes }) => [status, attributes['error.type']])).toEqual(
      recorder.spans().map(() => [{ code: SpanStatusCode.UNSET }, undefined]),
    )
    expect(recorder.spans().length).toBeLessThanOrEqual(1)
  })

  it("a cancelled body isn't an error", async () => {
    const controller = new AbortController()
    const response = await way.send(`${server.origin}/`, { signal: controller.signal })
    const failed = response.text().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    controller.abort(new Error('enough'))
    expect(await failed).toBeDefined()

    await spansEnded(recorder, 1)
    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200 })
    expect(span.events.map(event => event.name)).toEqual([
      'spanwright.response.headers',
      'spanwright.aborted',
    ])
  })

  it("a destroyed body isn't an error", async () => {
    const response = await way.send(`${server.origin}/`)
    await response.cancel()

    await spansEnded(recorder, 1)
    expect(onlySpan(recorder).status).toEqual({ code: SpanStatusCode.UNSET })
  })

  it('the cancelled body of an error response leaves the error of its status', async () => {
    const response = await way.send(`${server.origin}/failing`)
    await response.cancel()

    await spansEnded(recorder, 1)
    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '500' })
  })

  it('AbortSignal.timeout() is the error TimeoutError while the body comes in too', async () => {
    await (await way.send(`${server.origin}/quick`)).text()
    let span: ReadableSpan
    // On a busy machine the time may be over before the response begins: then it takes longer.
    let milliseconds = 125
    do {
      await recorder.reset()
      milliseconds *= 2
      const signal = AbortSignal.any([AbortSignal.timeout(milliseconds), new AbortController().signal])
      const read = async (): Promise<string> =>
        (await way.send(`${server.origin}/endless`, { signal })).text()
      expect((await failureOf(read())).name).toBe('TimeoutError')

      await spansEnded(recorder, 1)
      span = onlySpan(recorder)
    } while (span.events.length === 1 && milliseconds < 8000)
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    expect(span.attributes).toMatchObject({
      'error.type': 'TimeoutError',
      'http.response.status_code': 200,
    })
  })

  it('AbortSignal.timeout() is the error TimeoutError', async () => {
    // The connection exists already, so that the time does not include opening it.
    await (await way.send(`${server.origin}/quick`)).text()
    await recorder.reset()
    const failed = await failureOf(way.send(`${server.origin}/silent`, { signal: AbortSignal.timeout(250) }))
    expect(failed.name).toBe('TimeoutError')

    await spansEnded(recorder, 1)
    const span = onlySpan(recorder)
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    expect(span.attributes['error.type']).toBe('TimeoutError')
  })
})

describe.each(WAYS.filter(([name]) => name.includes('traceFetch() on the fetch of undici')))(
  '%s',
  (_, start) => {
    it('AbortSignal.timeout() is the error TimeoutError even when it fires before the connection is open', async () => {
      const signal = AbortSignal.timeout(20)
      const way = start(
        {},
        {
          connect(_options, callback) {
            signal.addEventListener('abort', () =>
              setImmediate(() => callback(null, connect(server.port, '127.0.0.1'))),
            )
          },
        },
      )
      expect(await failureOf(way.send(`${server.origin}/silent`, { signal }))).toBe(signal.reason)

      await spansEnded(recorder, 1)
      await way.stop()
      const span = onlySpan(recorder)
      expect(span.status.code).toBe(SpanStatusCode.ERROR)
      expect(span.attributes['error.type']).toBe('TimeoutError')
    })
  },
)

describe.each(WAYS.filter(([name]) => !name.includes('Node')))('%s', (_, start) => {
  it('a headers timeout and a body timeout are errors with their codes', async () => {
    const way = start({}, { headersTimeout: 20, bodyTimeout: 20 })
    const read = async (path: string): Promise<string> => (await way.send(server.origin + path)).text()
    await Promise.all([failureOf(read('/silent')), failureOf(read('/'))])

    const spans = await spansEnded(recorder, 2)
    await way.stop()
    expect(recorder.open()).toEqual([])
    expect(spans.map(({ status }) => status.code)).toEqual([SpanStatusCode.ERROR, SpanStatusCode.ERROR])
    expect(
      Object.fromEntries(spans.map(({ attributes }) => [attributes['url.full'], attributes['error.type']])),
    ).toEqual({
      [`${server.origin}/silent`]: 'UND_ERR_HEADERS_TIMEOUT',
      [`${server.origin}/`]: 'UND_ERR_BODY_TIMEOUT',
    })
  })
})

const FAILING_BODIES: [string, () => { body: unknown; failed: Error }][] = [
  [
    'a stream',
    () => {
      const failed = Object.assign(new Error('disk is gone'), { code: 'EIO' })
      let isFirst = true
      const body = new Readable({
        read() {
          if (isFirst) this.push('first part')
          else this.destroy(failed)
          isFirst = false
        },
      })
      body.on('error', () => undefined)
      return { body, failed }
    },
  ],
  [
    'a generator',
    () => {
      const failed = new RangeError('out of data')
      async function* generate(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('first part')
        throw failed
      }
      return { body: generate(), failed }
    },
  ],
]

// The channels cannot distinguish the failure of an unwrapped fetch from a cancelled call.
describe.each(WAYS.filter(([name]) => !/^traceUndici.*fetch/.test(name)))('%s', (name, start) => {
  // Inside Jest, a generator is of another realm than the fetch of Node.
  const bodies = name.includes('Node') ? FAILING_BODIES.slice(0, 1) : FAILING_BODIES

  it.each(bodies)('the body of a request that fails, %s, is an error', async (__, make) => {
    const way = start()
    const { body, failed } = make()
    const upload: object = { method: 'POST', body, duplex: 'half' }
    expect(await failureOf(way.send(`${server.origin}/silent`, upload))).toBe(failed)
    const [span] = await spansEnded(recorder, 1)
    await way.stop()
    const type = (failed as { code?: string }).code ?? failed.name
    expect(onlySpan(recorder)).toBe(span)
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: failed.message })
    expect(span && withoutPeer(span.attributes)).toEqual({
      'error.type': type,
      'http.request.method': 'POST',
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'url.full': `${server.origin}/silent`,
    })
    expect(span?.events.map(event => event.name)).toEqual(['exception'])
  })
})
