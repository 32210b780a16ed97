import { context, metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { Middleware } from 'koa'

import { HTTP_SERVER_DURATION } from './histograms.ts'

/** A server span with the attributes and the metric of `@spanwright/koa`, by hand. */
export function tracingByHand(): Middleware {
  const tracer = trace.getTracer('hand-written')
  const duration = metrics
    .getMeter('hand-written')
    .createHistogram('http.server.request.duration', HTTP_SERVER_DURATION)
  return (ctx, next) => {
    const startedAt = performance.now()
    const [host, port] = ctx.host.split(':')
    const parent = propagation.extract(context.active(), ctx.headers)
    const span = tracer.startSpan(
      ctx.method,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': ctx.method,
          'url.scheme': ctx.protocol,
          'url.path': ctx.path,
          'network.protocol.version': ctx.req.httpVersion,
          'client.address': ctx.ip,
          'server.address': host,
          'server.port': Number(port),
          'network.peer.address': ctx.socket.remoteAddress,
          'network.peer.port': ctx.socket.remotePort,
          'user_agent.original': ctx.headers['user-agent'],
        },
      },
      parent,
    )
    const active = trace.setSpan(parent, span)
    ctx.res.once('close', () => {
      const route = String(ctx['_matchedRoute'] ?? '')
      span.updateName(`${ctx.method} ${route}`)
      span.setAttributes({ 'http.route': route, 'http.response.status_code': ctx.status })
      if (ctx.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
      duration.record(
        (performance.now() - startedAt) / 1000,
        {
          'http.request.method': ctx.method,
          'url.scheme': ctx.protocol,
          'http.route': route,
          'http.response.status_code': ctx.status,
          'network.protocol.version': ctx.req.httpVersion,
        },
        active,
      )
    })
    return context.with(active, next)
  }
}
