import type { CallInvocationTransformer, CallOptions, ClientOptions, Interceptor } from '@grpc/grpc-js'
import { copyWith, show } from '@spanwright/core/plugin'

import { passOthers } from '../call.ts'
import type { NextCall } from '../library.ts'
import type { GrpcClientTracingOptions } from '../options.ts'
import { isOurs, markAsOurs } from '../ours.ts'
import { ClientCall } from './call.ts'
import { measured } from './sizes.ts'
import { ClientTracing } from './tracing.ts'

/**
 * Options for a gRPC client whose calls are traced: one client span each, from the call to its status.
 * `new ShopClient(address, credentials, traceGrpcClient())`
 * @param tracing tracing options. Default: none
 * @param options the client's own options, which the result has as well. Default: none
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function traceGrpcClient(
  tracing?: GrpcClientTracingOptions,
  options: ClientOptions = {},
): ClientOptions {
  const traced = new ClientTracing(tracing)
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`traceGrpcClient(): the client's options must be an object; got ${show(options)}`)
  }
  const { callInvocationTransformer: own } = options
  if (own && isOurs(own)) return options
  const interceptor = clientInterceptor(traced)
  const { messageSizes } = traced.settings.options
  const transform: CallInvocationTransformer = given => {
    const call = own ? own(given) : given
    const { callOptions, methodDefinition } = call
    traced.channel = call.channel
    if (!messageSizes && !hasInterceptors(callOptions)) return call
    return copyWith(call, {
      callOptions: hasInterceptors(callOptions) ? withInterceptor(interceptor, callOptions) : callOptions,
      methodDefinition: messageSizes ? measured(methodDefinition) : methodDefinition,
    })
  }
  return { ...withInterceptor(interceptor, options), callInvocationTransformer: markAsOurs(transform) }
}

type Interceptors = Pick<CallOptions, 'interceptors' | 'interceptor_providers'>

/** Interceptors of one call replace those of its client. */
function hasInterceptors({
  interceptors = [],
  interceptor_providers: providers = [],
}: Interceptors): boolean {
  return interceptors.length > 0 || providers.length > 0
}

/** A copy of the options with our interceptor first. grpc-js refuses interceptors together with providers. */
function withInterceptor<Options extends Interceptors>(interceptor: Interceptor, options: Options): Options {
  const { interceptors = [], interceptor_providers: providers = [] } = options
  if (interceptors.some(isOurs)) return options
  if (providers.length === 0) return copyWith(options, { interceptors: [interceptor, ...interceptors] })
  return copyWith(options, { interceptor_providers: [() => interceptor, ...providers] })
}

function clientInterceptor(tracing: ClientTracing): Interceptor {
  const spanwright: Interceptor = (options, nextCall) => {
    const target = tracing.takeTarget()
    if (tracing.isIdle) return nextCall(options) as ReturnType<Interceptor>
    const method = options.method_definition
    let next: NextCall
    try {
      next = nextCall(options)
    } catch (error) {
      const call = new ClientCall(tracing, method, target, undefined)
      call.begin(undefined)
      call.failed(error)
      throw error
    }
    passOthers(ClientCall.prototype, next)
    return new ClientCall(tracing, method, target, next) as unknown as ReturnType<Interceptor>
  }
  return markAsOurs(spanwright)
}
