import type { IncomingMessage, RequestListener } from 'node:http'

import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

import { HTTP_SERVER_DURATION } from './histograms.ts'

interface Routed extends IncomingMessage {
  route?: string
}

/** Notes the route of a request for {@link listenerByHand}. */
export function noteRoute(req: Routed, pattern: string): void {
  req.route = pattern
}

/** A server span with the attributes and the metric of `@spanwright/http`, by hand. */
export function listenerByHand(listener: RequestListener): RequestListener {
  const tracer = trace.getTracer('hand-written')
  const duration = metrics
    .getMeter('hand-written')
    .createHistogram('http.server.request.duration', HTTP_SERVER_DURATION)
  return (req: Routed, res) => {
    const startedAt = performance.now()
    const { method = '', url = '', headers, httpVersion, socket } = req
    const [host, port] = (headers.host ?? '').split(':')
    const query = url.indexOf('?')
    const parent = propagation.extract(context.active(), headers)
    const span = tracer.startSpan(
      method,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': method,
          'url.scheme': 'http',
          'url.path': query < 0 ? url : url.slice(0, query),
          'network.protocol.version': httpVersion,
          'client.address': socket.remoteAddress,
          'server.address': host,
          'server.port': Number(port),
          'network.peer.address': socket.remoteAddress,
          'network.peer.port': socket.remotePort,
          'user_agent.original': headers['user-agent'],
        },
      },
      parent,
    )
    const active = trace.setSpan(parent, span)
    res.once('close', () => {
      const { route = '' } = req
      span.updateName(`${method} ${route}`)
      span.setAttributes({ 'http.route': route, 'http.response.status_code': res.statusCode })
      if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
      duration.record(
        (performance.now() - startedAt) / 1000,
        {
          'http.request.method': method,
          'url.scheme': 'http',
          'http.route': route,
          'http.response.status_code': res.statusCode,
          'network.protocol.version': httpVersion,
        },
        active,
      )
    })
    context.with(active, () => listener(req, res))
  }
}
