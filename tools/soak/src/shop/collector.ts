import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { conventionFaultsOf } from '@spanwright/example-shop/demo/verdict.ts'
import { readOtlp, type ReceivedSpan } from '@spanwright/traces'

import type { CollectorFault } from '../schedule.ts'

/** What is kept of a received span. */
export interface SoakSpan {
  readonly instance: string
  readonly service: string
  readonly kind: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly failed: boolean
  /** Milliseconds from its start to its end. */
  readonly duration: number
  /** Time of `performance.now()` when it arrived here. */
  readonly arrivedAt: number
}

/** An OTLP endpoint that fails on demand. A span counts as received only when its request was answered with 200. */
export interface Collector {
  readonly url: string
  readonly spans: readonly SoakSpan[]
  /** What the semantic conventions find wrong with them, each fault once. */
  readonly conventionFaults: ReadonlySet<string>
  /** How many requests got which answer. */
  readonly answers: Readonly<Record<string, number>>
  /** Fails in a way until the next call; undefined: works. */
  fail(how: CollectorFault | undefined): Promise<void>
  stop(): Promise<void>
}

/** Seconds in `Retry-After`. */
const RETRY_AFTER = '1'

export async function startCollector(): Promise<Collector> {
  const spans: SoakSpan[] = []
  const conventionFaults = new Set<string>()
  const answers: Record<string, number> = {}
  let fault: CollectorFault | undefined
  const server = createServer((request, response) => void answer(request, response))

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await text(request)
      // Cut off meanwhile: the client will not get an answer, so it did not arrive.
      if (request.socket.destroyed) throw new Error('the connection is gone')
      const status = fault === 'answers 429' ? 429 : fault === 'answers 503' ? 503 : 200
      count(fault === 'hangs' ? 'none' : status)
      if (fault === 'hangs') return
      if (status === 200) {
        if (request.url === '/v1/traces') receive(request.headers['x-soak-instance'], readOtlp(body))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      } else {
        response.writeHead(status, status === 429 ? { 'retry-after': RETRY_AFTER } : {}).end()
      }
    } catch {
      // The client has given up, or the connection was cut.
      count('none')
      response.destroy()
    }
  }

  function receive(instance: string | string[] | undefined, received: readonly ReceivedSpan[]): void {
    for (const found of conventionFaultsOf(received)) conventionFaults.add(found)
    const arrivedAt = performance.now()
    for (const { service, kind, name, traceId, spanId, parentSpanId, failed, start, end } of received)
      spans.push({
        instance: String(instance),
        service,
        kind,
        name,
        traceId,
        spanId,
        parentSpanId,
        failed,
        duration: end - start,
        arrivedAt,
      })
  }

  function count(status: number | 'none'): void {
    answers[status] = (answers[status] ?? 0) + 1
  }

  async function listen(port: number): Promise<number> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  async function stop(): Promise<void> {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }

  const port = await listen(0)
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    conventionFaults,
    answers,
    async fail(how) {
      fault = how
      if (how === 'refuses connections') await stop()
      else if (!server.listening) await listen(port)
    },
    stop,
  }
}
