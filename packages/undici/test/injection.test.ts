import {
  type Baggage,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanStatusCode,
  type TextMapPropagator,
  type TextMapSetter,
} from '@opentelemetry/api'
import { W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { diagnose } from '@spanwright/core'
import { traceFetch, tracing, type UndiciTracingOptions } from '@spanwright/undici'
import { anyText } from '@spanwright/test-kit/arbitraries'
import { recordTests } from '@spanwright/test-kit/recorder'

import { startServer, type TestServer } from './server.ts'
import { onlySpan, traceparentOf } from './span-assertions.ts'
import { type StartWay, VERSIONS, WAYS } from './ways.ts'

const recorder = recordTests()
let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
beforeEach(() => recorder.reset())
afterEach(() => void server.received.splice(0))
afterAll(async () => {
  await server.stop()
})

const ATTACK = 'a=1;x=1\r\n\r\nDELETE /users/1 HTTP/1.1\r\nHost: internal\r\n\r\n'

/** The context of work that came with a header, as a Kafka record carries it: in any bytes. */
function arrived(baggage: string): Context {
  return propagation.extract(ROOT_CONTEXT, { baggage })
}

/** The first request of a dispatcher whose origin its interceptors do not know. */
const FIRST_REQUESTS: [string, StartWay][] = VERSIONS.flatMap(([version, undici]) =>
  (['Client', 'Pool'] as const).map((kind): [string, StartWay] => [
    `tracing() and the first request() of a ${kind} of ${version}`,
    (options?: UndiciTracingOptions) => {
      const dispatchers: { destroy(): Promise<void> }[] = []
      return {
        async send(url) {
          const dispatcher = new undici[kind](new URL(url).origin).compose(tracing(options))
          dispatchers.push(dispatcher)
          const { statusCode, body } = await dispatcher.request({
            path: new URL(url).pathname,
            method: 'GET',
          })
          return { status: statusCode, text: () => body.text(), cancel: async () => void body.destroy() }
        },
        stop: async () => void (await Promise.all(dispatchers.map(each => each.destroy()))),
      }
    },
  ]),
)

/** A `Request` may hold a dispatcher that cannot be seen: its call is followed through the channels. */
const REQUESTS: [string, StartWay][] = VERSIONS.map(([version, undici]) => [
  `traceFetch() and a Request of ${version}`,
  options => {
    const fetch = traceFetch(undici.fetch, options)
    return {
      async send(url) {
        const response = await fetch(new undici.Request(url))
        return { status: response.status, text: () => response.text(), cancel: async () => undefined }
      },
      stop: async () => undefined,
    }
  },
])

const EVERY_WAY = [...WAYS, ...FIRST_REQUESTS, ...REQUESTS]

/** Sends one request, and returns its status. */
async function send(start: StartWay, options: UndiciTracingOptions, active: Context): Promise<number> {
  const way = start(options)
  try {
    const response = await context.with(active, () => way.send(`${server.origin}/mine`))
    await response.text()
    return response.status
  } finally {
    await way.stop()
  }
}

/** A propagator that writes the given fields. */
function writer(write: (set: (name: unknown, value: unknown) => void) => void): TextMapPropagator {
  return {
    inject: (_context, carrier, setter: TextMapSetter) =>
      write((name, value) => setter.set(carrier, name as string, value as string)),
    extract: given => given,
    fields: () => ['x-mine'],
  }
}

describe.each(EVERY_WAY)('%s', (_, start) => {
  it('sends one request when the baggage holds another', async () => {
    const refused = diagnose().refusedFields
    expect(await send(start, {}, arrived(ATTACK))).toBe(200)
    const span = onlySpan(recorder)
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).not.toHaveProperty('error.type')
    expect(server.received).toEqual([expect.objectContaining({ method: 'GET', url: '/mine' })])
    expect(server.received[0]?.headers['traceparent']).toBe(traceparentOf(span))
    expect(server.received[0]?.headers).not.toHaveProperty('baggage')
    expect(diagnose().refusedFields).toBe(refused + 1)
  })

  it('sends the request without the fields that the client would refuse', async () => {
    const propagator = writer(set => {
      for (const name of ['a b', 'x-ü', '', 'a:b', ':path', '\r\nx']) set(name, '1')
      for (const value of ['\0', 'a\rb', 'a\nb', '\x7F', 'Ā', undefined, null, 7, ['1'], {}])
        set('x-bad', value)
      set('X-Mine', 'a\tüÿ')
    })
    expect(await send(start, { propagator }, ROOT_CONTEXT)).toBe(200)
    onlySpan(recorder)
    const { headers, rawHeaders } = server.received[0] ?? {}
    expect(server.received).toHaveLength(1)
    expect(headers).toMatchObject({ 'x-mine': 'a\tüÿ' })
    expect(rawHeaders?.filter(text => text.startsWith('x-'))).toEqual([])
  })

  it('leaves the headers that frame and route a message to the application', async () => {
    const propagator = writer(set => {
      for (const name of RESERVED) set(name, name === 'content-length' ? '4' : 'chunked')
    })
    expect(await send(start, { propagator }, ROOT_CONTEXT)).toBe(200)
    onlySpan(recorder)
    expect(server.received).toHaveLength(1)
    expect(server.received[0]?.headers['host']).toBe(`127.0.0.1:${server.port}`)
    expect(Object.values(server.received[0]?.headers ?? {})).not.toContain('chunked')
  })
})

describe.each(WAYS)("%s, with the caller's own headers", (_, startWay) => {
  const own = { 'x-tenant': 'mine', 'Content-Type': 'text/plain', 'X-Other': 'yes' }
  const propagator = {
    ...writer(set => {
      for (const name of ['X-Tenant', 'x-other', 'x-mine']) set(name, 'theirs')
    }),
    // What it declares is not what it writes.
    fields: () => ['x-mine', 'content-type', 'host'],
  }

  it.each(['keep', 'replace'] as const)(
    'neither doubles, replaces nor removes one that the propagator does not tell of: %s',
    async existingContext => {
      const way = startWay({ propagator, existingContext })
      const sent = await way.send(`${server.origin}/mine`, { method: 'POST', body: 'b', headers: own })
      await sent.text()
      await way.stop()
      onlySpan(recorder)
      const { rawHeaders = [] } = server.received[0] ?? {}
      const flat = rawHeaders.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text))
      const pairs = flat.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${flat[i + 1]}`] : []))
      expect(pairs.filter(pair => /^(?:x-|content-type|host)/.test(pair)).toSorted()).toEqual([
        'content-type: text/plain',
        `host: 127.0.0.1:${server.port}`,
        'x-mine: theirs',
        'x-other: yes',
        'x-tenant: mine',
      ])
    },
  )
})

const RESERVED = [
  'Authorization',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'Proxy-Authorization',
  'proxy-connection',
  'te',
  'trailer',
  'Transfer-Encoding',
  'upgrade',
]

const headerText = fc.oneof(
  anyText(),
  fc
    .array(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\0',
        ':',
        ' ',
        '\t',
        'GET / HTTP/1.1',
        'é',
        '€',
        'x',
        '=',
        ';',
        ',',
      ),
      {
        maxLength: 12,
      },
    )
    .map(parts => parts.join('')),
)

describe.each(EVERY_WAY)('property of %s', (_, start) => {
  it('whatever a propagator writes, the server parses one request', async () => {
    const names = fc.oneof(headerText, fc.constantFrom('baggage', 'tracestate', '__proto__', ...RESERVED))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(names, headerText), { maxLength: 8 }), async fields => {
        server.received.splice(0)
        const propagator = writer(set => {
          for (const [name, value] of fields) set(name, value)
        })
        expect(await send(start, { propagator }, ROOT_CONTEXT)).toBe(200)
        expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /mine'])
      }),
      { numRuns: 25 },
    )
  })

  it('whatever the incoming baggage and tracestate, the server parses one request', async () => {
    const headers = fc.record({ baggage: headerText.map(text => `a=1;${text}`), tracestate: headerText })
    const both = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()]
    await fc.assert(
      fc.asyncProperty(headers, fc.dictionary(headerText, headerText), async (sent, entries) => {
        server.received.splice(0)
        const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
        const carrier = { traceparent, ...sent }
        const came = both.reduce<Context>(
          (base, propagator) => propagator.extract(base, carrier, GETTER),
          ROOT_CONTEXT,
        )
        const active = propagation.setBaggage(came, withEntries(propagation.getBaggage(came), entries))
        expect(await send(start, {}, active)).toBe(200)
        expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /mine'])
      }),
      { numRuns: 25 },
    )
  })
})

const GETTER = {
  get: (carrier: Record<string, string>, name: string) => carrier[name],
  keys: (carrier: Record<string, string>) => Object.keys(carrier),
}

function withEntries(baggage = propagation.createBaggage(), entries: Record<string, string>): Baggage {
  return Object.entries(entries).reduce((made, [key, value]) => made.setEntry(key, { value }), baggage)
}
