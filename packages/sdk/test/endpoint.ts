import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'

/** A request as it arrived at the endpoint. */
interface Arrival {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly at: number
}

/** An OTLP endpoint whose behaviour a test defines. */
export interface Endpoint extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly arrivals: readonly Arrival[]
  /** Names of the spans in accepted requests in JSON. */
  accepted(): string[]
  /** The resource of the first request, in JSON. */
  resource(): Record<string, unknown>
  /** Waits until that many requests have arrived in total. */
  arrived(count: number): Promise<void>
}

export type Behaviour = (response: ServerResponse, request: IncomingMessage, index: number) => void

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { key: string; value: Readonly<Record<string, unknown>> }[]
    }
    readonly scopeSpans: readonly { readonly spans: readonly { readonly name: string }[] }[]
  }[]
}

export const succeed: Behaviour = (response, request) => {
  const type = request.headers['content-type'] ?? ''
  // An empty response in protobuf has no bytes.
  response.writeHead(200, { 'content-type': type }).end(type === 'application/json' ? '{}' : undefined)
}

/** @param tls makes it an HTTPS endpoint */
export async function startEndpoint(
  behave: Behaviour = succeed,
  port = 0,
  tls?: ServerOptions,
): Promise<Endpoint> {
  const arrivals: Arrival[] = []
  const accepted: Arrival[] = []
  const news = new EventTarget()
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void receive(request, response)
  }
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const index = arrivals.length
    const body = await buffer(request)
    const arrival = {
      path: request.url ?? '',
      headers: request.headers,
      body: request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body,
      at: performance.now(),
    }
    arrivals.push(arrival)
    behave(response, request, index)
    if (response.statusCode === 200) accepted.push(arrival)
    news.dispatchEvent(new Event('arrival'))
  }

  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  const parsed = (arrival: Arrival): OtlpBody => JSON.parse(arrival.body.toString()) as OtlpBody
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${address.port}`,
    port: address.port,
    arrivals,
    accepted: () =>
      accepted
        .filter(({ path }) => !path.endsWith('/v1/metrics'))
        .flatMap(arrival => parsed(arrival).resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ spans }) => spans.map(({ name }) => name)),
    resource() {
      const attributes = arrivals[0] ? parsed(arrivals[0]).resourceSpans[0]?.resource.attributes : []
      return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, Object.values(value)[0]]))
    },
    async arrived(count) {
      while (arrivals.length < count) await once(news, 'arrival')
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** A port without a listener. */
export async function freePort(): Promise<number> {
  const endpoint = await startEndpoint()
  await endpoint[Symbol.asyncDispose]()
  return endpoint.port
}
