import { createServer, type Server } from 'node:http'

import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { listen } from '@spanwright/test-kit'
import { traceUndici } from '@spanwright/undici'

import { startTracing, type Tracing } from '../src/index.ts'

/** Path and headers of the requests to the internal server. */
const asked: { path: string; baggage: Record<string, unknown> }[] = []
let internal: Server
let edge: Server
let tracing: Tracing | undefined

let edgeUrl: string
beforeAll(async () => {
  internal = createServer(({ url = '', headers }, response) => {
    const baggage = Object.entries(headers).filter(
      ([name]) => name.startsWith('uberctx-') || name === 'baggage',
    )
    asked.push({ path: url, baggage: Object.fromEntries(baggage) })
    response.end('ok')
  })
  const internalUrl = `http://127.0.0.1:${await listen(internal)}`
  edge = createServer((request, response) => {
    const incoming = propagation.extract(ROOT_CONTEXT, request.headers)
    context
      .with(incoming, () => fetch(`${internalUrl}/mine`))
      .then(
        answer => response.writeHead(answer.status).end(),
        (error: unknown) => response.writeHead(500).end(String(error)),
      )
  })
  edgeUrl = `http://127.0.0.1:${await listen(edge)}`
})
afterEach(async () => {
  asked.splice(0)
  await tracing?.shutdown()
})
afterAll(() => {
  for (const server of [internal, edge]) server.closeAllConnections()
  internal.close()
  edge.close()
})

it.each([
  ['a%20b=1', { 'uberctx-a%20b': '1' }],
  ['a%0D%0A%0D%0ADELETE%20%2F%20HTTP%2F1.1=x', { 'uberctx-a%0d%0a%0d%0adelete%20%2f%20http%2f1.1': 'x' }],
  ['(%E2%82%AC)=%0D%0A', { 'uberctx-%28%e2%82%ac%29': '%0D%0A' }],
])(
  'baggage %s of a caller is passed on as Jaeger headers, and the request is sent',
  async (baggage, sent) => {
    tracing = startTracing({
      exporter: 'none',
      propagators: ['tracecontext', 'baggage', 'jaeger'],
      flushOnExit: false,
    })
    using _ = traceUndici()
    const { status } = await context.with(ROOT_CONTEXT, () => fetch(edgeUrl, { headers: { baggage } }))
    expect(status).toBe(200)
    expect(asked).toEqual([{ path: '/mine', baggage: { baggage, ...sent } }])
    expect(tracing.report().refusedFields).toBe(0)
  },
)

it('headers of propagators that no request can carry are counted in the report', async () => {
  const careless = {
    inject: (_context: unknown, carrier: unknown, setter: { set(...field: unknown[]): void }) => {
      setter.set(carrier, 'baggage', 'a=1\r\n\r\nGET / HTTP/1.1')
      setter.set(carrier, 'content-length', '0')
    },
    extract: <Context>(given: Context) => given,
    fields: () => ['baggage'],
  }
  tracing = startTracing({ exporter: 'none', propagators: [careless], flushOnExit: false })
  using _ = traceUndici()
  expect((await fetch(edgeUrl)).status).toBe(200)
  expect(asked).toEqual([{ path: '/mine', baggage: {} }])
  // Two requests, two fields of each.
  const { refusedFields, problems } = tracing.report()
  expect(refusedFields).toBe(4)
  expect(problems).toEqual([
    'propagators wrote 4 fields that cannot be sent; the others were: look at the propagators, and at what the application puts into baggage',
  ])
})
