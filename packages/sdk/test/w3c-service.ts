import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type RequestListener,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

import { context, propagation, SpanKind, trace } from '@opentelemetry/api'

/** The outgoing headers, as the W3C's test suite checks them. */
export interface CallBack {
  readonly traceparents: readonly string[]
  readonly traceId: string
  readonly parentId: string
  readonly flags: number
  /** Members of `tracestate` in order. */
  readonly members: readonly string[]
}

export type RawHeader = readonly [name: string, value: string]

/** A service as the suite requires it, and the suite's own side, over real HTTP. */
export interface Replay extends AsyncDisposable {
  /** Sends one request with these headers; the service calls back that many times. */
  send(headers: readonly RawHeader[], times?: number): Promise<CallBack[]>
}

export async function startReplay(): Promise<Replay> {
  const received: IncomingMessage[] = []
  const harness = await listen((request, response) => {
    received.push(request)
    request.resume()
    response.end('{}')
  })
  const service = await listen((request, response) => {
    void answer(request).then(() => response.end())
  })
  return {
    async send(headers, times = 1) {
      received.length = 0
      const calls = Array.from({ length: times }, () => ({ url: urlOf(harness), arguments: [] }))
      await post(urlOf(service), JSON.stringify(calls), headers)
      return received.map(readCallBack)
    },
    async [Symbol.asyncDispose]() {
      await close(service)
      await close(harness)
    },
  }
}

/** The service under test: a span for the request, and one for each call it makes. */
async function answer(request: IncomingMessage): Promise<void> {
  const tracer = trace.getTracer('w3c')
  const incoming = propagation.extract(context.active(), request.headers)
  const span = tracer.startSpan('POST', { kind: SpanKind.SERVER }, incoming)
  await context.with(trace.setSpan(incoming, span), async () => {
    for (const call of (await json(request)) as { url: string; arguments: unknown }[]) {
      await tracer.startActiveSpan('call', { kind: SpanKind.CLIENT }, async child => {
        const headers: Record<string, string> = {}
        propagation.inject(context.active(), headers)
        await post(call.url, JSON.stringify(call.arguments), Object.entries(headers))
        child.end()
      })
    }
  })
  span.end()
}

async function post(url: string, body: string, headers: readonly RawHeader[]): Promise<void> {
  const request = httpRequest(url, {
    method: 'POST',
    agent: false,
    headers: headers.flat(),
    setHost: false,
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
}

function readCallBack({ rawHeaders }: IncomingMessage): CallBack {
  const all = (name: string): string[] =>
    rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)
  const traceparents = all('traceparent')
  const [, traceId = '', parentId = '', flags = ''] = traceparents[0]?.split('-') ?? []
  const members = all('tracestate')
    .flatMap(value => value.split(','))
    .map(member => member.trim())
  return { traceparents, traceId, parentId, flags: Number.parseInt(flags, 16), members }
}

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer({ requireHostHeader: false }, listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function close(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
