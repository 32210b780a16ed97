import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { RequestHandler } from 'express'

import { HTTP_SERVER_DURATION } from './histograms.ts'

/** A server span with the attributes and the metric of `@spanwright/express`, by hand. */
export function tracingByHand(): RequestHandler {
  const tracer = trace.getTracer('hand-written')
  const duration = metrics
    .getMeter('hand-written')
    .createHistogram('http.server.request.duration', HTTP_SERVER_DURATION)
  return (req, res, next) => {
    const startedAt = performance.now()
    const [host, port] = (req.headers.host ?? '').split(':')
    const parent = propagation.extract(context.active(), req.headers)
    const span = tracer.startSpan(
      req.method,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': req.method,
          'url.scheme': req.protocol,
          'url.path': req.path,
          'network.protocol.version': req.httpVersion,
          'client.address': req.ip,
          'server.address': host,
          'server.port': Number(port),
          'network.peer.address': req.socket.remoteAddress,
          'network.peer.port': req.socket.remotePort,
          'user_agent.original': req.headers['user-agent'],
        },
      },
      parent,
    )
    const active = trace.setSpan(parent, span)
    res.once('close', () => {
      const route = req.baseUrl + String(req.route?.path ?? '')
      span.updateName(`${req.method} ${route}`)
      span.setAttributes({ 'http.route': route, 'http.response.status_code': res.statusCode })
      if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
      duration.record(
        (performance.now() - startedAt) / 1000,
        {
          'http.request.method': req.method,
          'url.scheme': req.protocol,
          'http.route': route,
          'http.response.status_code': res.statusCode,
          'network.protocol.version': req.httpVersion,
        },
        active,
      )
    })
    context.with(active, next)
  }
}
