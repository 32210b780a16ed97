import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'

import { countSpans } from './otlp.ts'

/** Takes what tracing products send, counts the spans that come over OTLP, and forgets it. */
export interface Sink {
  /** A URL of its own for a process, so that its spans are counted apart. */
  urlFor(process: number): string
  /** Spans that came for a URL so far. */
  spansOf(url: string): number
  close(): void
}

/**
 * Starts a server that says yes to everything, in the place of a collector, an agent or a service.
 * @param delay milliseconds that it takes for each answer
 */
export function startSink(delay = 0): Promise<Sink> {
  const spans = new Map<string, number>()
  const server = createServer(async (req, res) => {
    // A measured process may be ended while it sends.
    const body = await buffer(req).catch(() => undefined)
    if (!body) return
    const [, own] = /^\/(\d+)\/v1\/traces$/.exec(req.url ?? '') ?? []
    if (own !== undefined) {
      const message = req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
      spans.set(own, (spans.get(own) ?? 0) + countSpans(message))
    }
    if (delay > 0) await pause(delay)
    // An empty message is a complete success; products that do not speak OTLP expect JSON.
    res.setHeader('content-type', own === undefined ? 'application/json' : 'application/x-protobuf')
    res.end(own === undefined ? '{}' : undefined)
  })
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      resolve({
        urlFor: process => `http://127.0.0.1:${port}/${process}`,
        spansOf: url => spans.get(new URL(url).pathname.slice(1)) ?? 0,
        close() {
          server.close()
          server.closeAllConnections()
        },
      })
    })
  })
}
