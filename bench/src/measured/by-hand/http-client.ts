import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

import { HTTP_CLIENT_DURATION } from './histograms.ts'

/** How one HTTP client is used. */
interface Client<Response> {
  send(url: URL, headers: Record<string, string>): Promise<Response>
  statusOf(response: Response): number
  read(response: Response): Promise<unknown>
}

/** A GET that reads a JSON, with the span and the metric of `@spanwright/undici`, by hand. */
export function getByHand<Response>(client: Client<Response>): (url: string) => Promise<unknown> {
  const tracer = trace.getTracer('hand-written')
  const duration = metrics
    .getMeter('hand-written')
    .createHistogram('http.client.request.duration', HTTP_CLIENT_DURATION)
  return async text => {
    const startedAt = performance.now()
    const url = new URL(text)
    const server = { 'server.address': url.hostname, 'server.port': Number(url.port) }
    const span = tracer.startSpan('GET', {
      kind: SpanKind.CLIENT,
      attributes: { 'http.request.method': 'GET', 'url.full': text, ...server },
    })
    const active = trace.setSpan(context.active(), span)
    const headers: Record<string, string> = {}
    propagation.inject(active, headers)
    let status = 0
    try {
      const response = await context.with(active, () => client.send(url, headers))
      status = client.statusOf(response)
      span.addEvent('spanwright.response.headers')
      span.setAttributes({
        'http.response.status_code': status,
        'network.protocol.version': '1.1',
        'network.peer.address': url.hostname,
        'network.peer.port': Number(url.port),
      })
      if (status >= 400) span.setStatus({ code: SpanStatusCode.ERROR })
      return await client.read(response)
    } catch (error) {
      span.recordException(error as Error)
      span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
      throw error
    } finally {
      span.end()
      duration.record(
        (performance.now() - startedAt) / 1000,
        {
          'http.request.method': 'GET',
          ...server,
          'http.response.status_code': status,
          'network.protocol.version': '1.1',
        },
        active,
      )
    }
  }
}
