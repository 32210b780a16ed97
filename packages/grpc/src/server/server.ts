import type { ServerInterceptor, ServerOptions } from '@grpc/grpc-js'
import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import { show } from '@spanwright/core/plugin'

import { passOthers } from '../call.ts'
import type { NextServerCall } from '../library.ts'
import type { GrpcServerTracingOptions } from '../options.ts'
import { isOurs, markAsOurs } from '../ours.ts'
import { ServerCall } from './call.ts'
import { ServerTracing } from './tracing.ts'

/**
 * Options for a gRPC server whose calls are traced: one server span each, from the call's arrival to its status.
 * `new Server(traceGrpcServer())`
 * @param tracing tracing options. Default: none
 * @param options the server's own options, which the result has as well. Default: none
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function traceGrpcServer(
  tracing?: GrpcServerTracingOptions,
  options: ServerOptions = {},
): ServerOptions {
  const traced = new ServerTracing(tracing)
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`traceGrpcServer(): the server's options must be an object; got ${show(options)}`)
  }
  const { interceptors = [] } = options
  if (interceptors.some(isOurs)) return options
  return { ...options, interceptors: [serverInterceptor(traced), ...interceptors] }
}

function serverInterceptor(tracing: ServerTracing): ServerInterceptor {
  const spanwright = (
    { path }: { readonly path: string },
    next: NextServerCall,
  ): NextServerCall | ServerCall => {
    if (contextApi.active() === ROOT_CONTEXT && tracing.isIdle) return next
    passOthers(ServerCall.prototype, next)
    return new ServerCall(tracing, path, next)
  }
  return markAsOurs(spanwright as unknown as ServerInterceptor)
}
