import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { tracing } from '@spanwright/undici'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'

import { startServer, type TestServer } from './server.ts'
import { traceparentOf } from './span-assertions.ts'
import { VERSIONS } from './ways.ts'

let recorder: SpanRecorder
let server: TestServer
beforeEach(async () => {
  recorder = recordSpans({ global: true })
  server = await startServer((request, response) => {
    request.setEncoding('utf8')
    let body = ''
    request.on('data', (text: string) => (body += text))
    request.on('end', () =>
      response.end(`${request.method} ${request.url} ${String(request.headers['x-a'])} ${body}`),
    )
  })
})
afterEach(async () => {
  await server.stop()
  await recorder.stop()
})

interface Dispatches {
  dispatch(options: object, handler: object): unknown
}

/** Sends a request with a handler in both the old and the new form. */
function send(dispatcher: unknown, options: object): Promise<string> {
  let text = ''
  const take = (chunk: unknown): true => {
    text += String(chunk)
    return true
  }
  return new Promise((resolve, reject) => {
    ;(dispatcher as Dispatches).dispatch(options, {
      onConnect: () => undefined,
      onUpgrade: () => undefined,
      onHeaders: () => true,
      onData: take,
      onComplete: () => resolve(text),
      onError: reject,
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData: (_: unknown, chunk: unknown) => take(chunk),
      onResponseEnd: () => resolve(text),
      onResponseError: (_: unknown, error: unknown) => reject(error),
    })
  })
}

class PrivateBody {
  readonly #body = 'kept'
  readonly origin = server.origin
  readonly path = '/private'
  readonly method = 'POST'
  readonly headers = { 'x-a': '1' }
  get body(): string {
    return this.#body
  }
}

class OnlyGetters {
  readonly #path = '/getters'
  get origin(): string {
    return server.origin
  }
  get path(): string {
    return this.#path
  }
  get method(): string {
    return 'PUT'
  }
  get headers(): string[] {
    return ['x-a', '2']
  }
  get body(): string {
    return 'text'
  }
}

function plain(body: string): object {
  return { origin: server.origin, path: `/${body}`, method: 'POST', headers: { 'x-a': '1' }, body }
}

const OPTIONS: [string, () => object][] = [
  ['an object of a class with a private field', () => new PrivateBody()],
  ['an object of a class with getters only', () => new OnlyGetters()],
  ['an object that inherits them', () => Object.create(plain('inherited')) as object],
  ['a frozen object', () => Object.freeze(plain('frozen'))],
  [
    'an object without a prototype',
    () =>
      Object.assign(Object.create(null) as object, new OnlyGetters(), {
        origin: server.origin,
        path: '/null',
        method: 'GET',
      }),
  ],
]

describe.each(VERSIONS)('options of a dispatch of %s', (_, undici) => {
  it.each(OPTIONS)('sent as without tracing: %s', async (__, make) => {
    const bare = new undici.Agent()
    const traced = new undici.Agent().compose(tracing() as never)
    const expected = await send(bare, make())
    // More than once: the first request shows what the dispatcher does with options.
    for (let i = 0; i < 3; i++) expect(await send(traced, make())).toBe(expected)
    await Promise.all([bare.destroy(), traced.destroy()])
    const spans = recorder.spans()
    expect(spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([200, 200, 200])
    expect(server.received.map(({ headers }) => headers['traceparent'])).toEqual([
      undefined,
      ...spans.map(traceparentOf),
    ])
  })
})
