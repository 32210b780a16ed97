import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { readOtlp, type ReceivedSpan } from './otlp.ts'

/** Options of {@link startReceiver}. */
export interface ReceiverOptions {
  /** Shown every request that came in whole, for instance to send it on. Default: nothing. */
  readonly onRequest?: (body: string) => void
}

/** Receives spans as a collector does: OTLP/HTTP in JSON, on a free port of 127.0.0.1. */
export interface Receiver extends AsyncDisposable {
  /** What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be set to. */
  readonly endpoint: string
  /** Spans that arrived so far. */
  spans(): readonly ReceivedSpan[]
  /**
   * Waits until the spans that arrived satisfy a condition.
   * @param timeout milliseconds
   * @returns false when the time was over before
   */
  waitUntil(condition: (spans: readonly ReceivedSpan[]) => boolean, timeout: number): Promise<boolean>
  /** Closes all connections, as an end point does with those that are idle for long. */
  readonly disconnect: () => void
  readonly stop: () => Promise<void>
}

/** Starts to receive spans. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const spans: ReceivedSpan[] = []
  const arrivals = new EventTarget()
  const server = createServer((request, response) => {
    void receive(request, response, body => {
      spans.push(...readOtlp(body))
      arrivals.dispatchEvent(new Event('arrival'))
      options.onRequest?.(body)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  async function waitUntil(
    condition: (spans: readonly ReceivedSpan[]) => boolean,
    timeout: number,
  ): Promise<boolean> {
    const signal = AbortSignal.timeout(timeout)
    try {
      while (!condition(spans)) await once(arrivals, 'arrival', { signal })
      return true
    } catch {
      return condition(spans)
    }
  }

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    waitUntil,
    disconnect: () => server.closeAllConnections(),
    stop: () => close(server),
    [Symbol.asyncDispose]: () => close(server),
  }
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  accept: (body: string) => void,
): Promise<void> {
  try {
    if (request.method !== 'POST' || request.url !== '/v1/traces') {
      response.writeHead(404).end()
      return
    }
    accept(await text(request))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  } catch (error) {
    response.writeHead(400).end(String(error))
  }
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}
