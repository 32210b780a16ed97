import { once } from 'node:events'
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request,
  type RequestListener,
  type RequestOptions,
} from 'node:http'

import type { TestServer } from '@spanwright/http-servers'
import { SpanStatusCode } from '@opentelemetry/api'

import { type ClientTracingOptions, traceAgent, traceHttp } from '@spanwright/http'

/** A way in which requests are traced until it is disposed of. */
export interface Way extends Disposable {
  readonly agent: Agent | undefined
}

interface Tracing {
  readonly way: string
  trace(options?: ClientTracingOptions): Way
}

export const BY_AGENT: Tracing = {
  way: 'traceAgent()',
  trace(options) {
    const agent = traceAgent(new Agent({ keepAlive: true }), options)
    return { agent, [Symbol.dispose]: () => agent.destroy() }
  },
}

export const BY_PROCESS: Tracing = {
  way: 'traceHttp()',
  trace(options) {
    const tracing = traceHttp(options)
    return { agent: undefined, [Symbol.dispose]: () => tracing.stop() }
  },
}

export const WAYS: readonly Tracing[] = [BY_AGENT, BY_PROCESS]

/** Sends a request for `/items/7`, with a listener for errors, as every client has one. */
export function send(
  way: Way,
  server: { readonly port: number },
  options: RequestOptions = {},
): ClientRequest {
  const { agent } = way
  const sent = request({
    port: server.port,
    host: '127.0.0.1',
    path: '/items/7',
    ...(agent && { agent }),
    ...options,
  })
  return sent.on('error', () => undefined)
}

export async function responseTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [res] = (await once(sent, 'response')) as [IncomingMessage]
  return res.on('error', () => undefined)
}

export async function bodyOf(response: AsyncIterable<unknown>): Promise<string> {
  let body = ''
  for await (const chunk of response) body += String(chunk)
  return body
}

export function attributesOf(server: TestServer): Record<string, unknown> {
  return {
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'url.full': `${server.origin}/items/7`,
    'server.address': '127.0.0.1',
    'server.port': server.port,
    'network.peer.address': '127.0.0.1',
    'network.peer.port': server.port,
    'network.protocol.version': '1.1',
  }
}

export const UNSET = { code: SpanStatusCode.UNSET }
export const answerOk: RequestListener = (_req, res) => res.end('ok')
export const answerHalf: RequestListener = (_req, res) => {
  res.writeHead(200, { 'Content-Length': 10 })
  res.write('half')
}
