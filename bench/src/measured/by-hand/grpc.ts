import {
  InterceptingCall,
  type Interceptor,
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  status as codes,
} from '@grpc/grpc-js'
import {
  type Context,
  context,
  metrics,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api'

import { RPC_CLIENT_DURATION, RPC_SERVER_DURATION } from './histograms.ts'

const setter: TextMapSetter<Metadata> = { set: (metadata, key, value) => metadata.set(key, value) }
const getter: TextMapGetter<Metadata> = {
  keys: metadata => Object.keys(metadata.getMap()),
  get: (metadata, key) => metadata.get(key).map(String)[0],
}

function splitAddress(address: string): readonly [string, number] {
  const colon = address.lastIndexOf(':')
  return [address.slice(0, colon), Number(address.slice(colon + 1))]
}

/** A client span with the attributes and the metric of `@spanwright/grpc`, by hand. */
export function clientByHand(address: string): Interceptor {
  const tracer = trace.getTracer('hand-written')
  const duration = metrics
    .getMeter('hand-written')
    .createHistogram('rpc.client.call.duration', RPC_CLIENT_DURATION)
  const [host, port] = splitAddress(address)
  return (options, nextCall) => {
    const next = nextCall(options)
    return new InterceptingCall(next, {
      start(given, listener, start) {
        const startedAt = performance.now()
        const method = options.method_definition.path.slice(1)
        const known = {
          'rpc.system.name': 'grpc',
          'rpc.method': method,
          'server.address': host,
          'server.port': port,
        }
        const caller = context.active()
        const span = tracer.startSpan(method, { kind: SpanKind.CLIENT, attributes: known })
        const active = trace.setSpan(caller, span)
        const metadata = given.clone()
        propagation.inject(active, metadata, setter)
        start(metadata, {
          onReceiveMetadata: (received, pass) => context.with(caller, pass, undefined, received),
          onReceiveMessage: (message, pass) => context.with(caller, pass, undefined, message),
          onReceiveStatus(status, pass) {
            const code = codes[status.code]
            const [peer, peerPort] = splitAddress(next.getPeer())
            span.setAttributes({
              'rpc.status_code': code,
              'network.peer.address': peer,
              'network.peer.port': peerPort,
            })
            if (status.code !== codes.OK) span.setStatus({ code: SpanStatusCode.ERROR })
            span.end()
            duration.record(
              (performance.now() - startedAt) / 1000,
              { ...known, 'rpc.status_code': code },
              active,
            )
            context.with(caller, pass, undefined, status)
          },
        })
      },
    })
  }
}

/** A server span with the attributes and the metric of `@spanwright/grpc`, by hand. */
export function serverByHand(): ServerInterceptor {
  const tracer = trace.getTracer('hand-written')
  const duration = metrics
    .getMeter('hand-written')
    .createHistogram('rpc.server.call.duration', RPC_SERVER_DURATION)
  return ({ path }, call) => {
    let span: Span | undefined
    let active: Context = context.active()
    const startedAt = performance.now()
    const method = path.slice(1)
    const known = { 'rpc.system.name': 'grpc', 'rpc.method': method }
    const end = (code: string): void => {
      if (!span) return
      span.setAttributes({ 'rpc.status_code': code })
      span.end()
      span = undefined
      duration.record((performance.now() - startedAt) / 1000, { ...known, 'rpc.status_code': code }, active)
    }
    return new ServerInterceptingCall(call, {
      start: next =>
        next({
          onReceiveMetadata(metadata, pass) {
            const [host, port] = splitAddress(call.getHost())
            const { remoteAddress, remotePort } = call.getConnectionInfo()
            const attributes = {
              ...known,
              'server.address': host,
              'server.port': port,
              'network.peer.address': remoteAddress,
              'network.peer.port': remotePort,
            }
            const parent = propagation.extract(active, metadata, getter)
            span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent)
            active = trace.setSpan(parent, span)
            context.with(active, pass, undefined, metadata)
          },
          onReceiveMessage: (message, pass) => context.with(active, pass, undefined, message),
          onReceiveHalfClose: pass => context.with(active, pass),
          onCancel: () => end('CANCELLED'),
        }),
      sendStatus(status, next) {
        next(status)
        end(codes[status.code])
      },
    })
  }
}
