import { once } from 'node:events'
import { connect } from 'node:net'

import { SpanStatusCode } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { startServer, type TestServer } from './server.ts'
import { failureOf, onlySpan, spansEnded } from './span-assertions.ts'
import { WAYS, type Way } from './ways.ts'

let recorder: SpanRecorder
let server: TestServer
beforeAll(async () => {
  recorder = recordSpans({ global: true })
  server = await startServer((request, response) => {
    if (request.url === '/silent') return
    if (request.url === '/reset') {
      request.socket.resetAndDestroy()
      return
    }
    response.writeHead(request.url === '/failing' ? 500 : 200, { 'content-length': 100 })
    response.write('first part')
    if (request.url === '/truncated') response.write('.', () => request.socket.end())
  })
})
afterEach(() => recorder.reset())
afterAll(async () => {
  await server.stop()
  await recorder.stop()
})

describe.each(WAYS)('%s', (_, start) => {
  let way: Way
  beforeEach(() => {
    way = start({}, { headersTimeout: 50, bodyTimeout: 50 })
  })
  afterEach(() => way.stop())

  async function expectError(work: Promise<unknown>): Promise<void> {
    const { code } = await failureOf(work)
    const [span] = await spansEnded(recorder, 1)
    expect(span?.status.code).toBe(SpanStatusCode.ERROR)
    expect(span?.attributes['error.type']).toBe(code)
    expect(code).toMatch(/^[A-Z_]+$/)
    onlySpan(recorder)
  }

  it('a name that does not resolve is an error', async () => {
    await expectError(way.send('http://nowhere.invalid/'))
  })

  it('a failed TLS handshake is an error', async () => {
    await expectError(way.send(`https://127.0.0.1:${server.port}/`))
  })

  it('a connection closed before the response is an error', async () => {
    await expectError(way.send(`${server.origin}/reset`))
    expect(onlySpan(recorder).attributes).not.toHaveProperty('http.response.status_code')
  })

  it('a truncated body is an error beside its status', async () => {
    const response = await way.send(`${server.origin}/truncated`)
    await expectError(response.text())
    expect(onlySpan(recorder).attributes).toMatchObject({ 'http.response.status_code': 200 })
  })

  it.each([
    ['without a reason', undefined],
    ['with an error of its own', new Error('changed my mind')],
    ['with an error that has a code', Object.assign(new Error('mine'), { code: 'MINE' })],
    ['with a text', 'changed my mind'],
  ])('a request called off %s is no error', async (__, reason) => {
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

  it('a body called off is no error', async () => {
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

  it('a body given up is no error', async () => {
    const response = await way.send(`${server.origin}/`)
    await response.cancel()

    await spansEnded(recorder, 1)
    expect(onlySpan(recorder).status).toEqual({ code: SpanStatusCode.UNSET })
  })

  it('the body of an error given up leaves the error of its status', async () => {
    const response = await way.send(`${server.origin}/failing`)
    await response.cancel()

    await spansEnded(recorder, 1)
    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '500' })
  })

  it('AbortSignal.timeout() is the error TimeoutError', async () => {
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
    it('AbortSignal.timeout() is the error TimeoutError also when it is faster than the connection', async () => {
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
