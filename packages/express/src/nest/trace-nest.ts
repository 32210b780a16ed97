import { trace } from '@opentelemetry/api'
import { recordException, requestSpan } from '@spanwright/core'
import { attempt, exchangeOf } from '@spanwright/core/plugin'

import { layersOf } from '../layered.ts'
import { watchEnhancer, withLayers } from './enhancers.ts'
import { nameSpan, type NestExecution, noteError, requestOf } from './host.ts'
import { watchEnd } from './observable.ts'

/** What Nest calls an interceptor with, to go on to the handler. */
export interface NestHandler<Result> {
  handle(): Result
}

/** An interceptor of Nest, and a value of the option `instrument` of `NestFactory.create()`. */
export interface NestTracing {
  /**
   * Sets `code.function.name` on the span of the request or message to `<controller>.<handler>`, and notes the error that
   * a pipe, a handler or another interceptor throws.
   */
  intercept<Result>(execution: NestExecution, next: NestHandler<Result>): Result
  /**
   * Notes the errors of the guards and filters that Nest creates, and reports guards and pipes as layers. Replaces
   * `canActivate`, `transform` or `catch` on the instance.
   * @returns the instance
   */
  readonly instanceDecorator: (instance: unknown) => unknown
}

/**
 * Creates a global interceptor that completes the traces of NestJS 10 to 12 on Express: `app.use(tracing())`, then
 * `app.useGlobalInterceptors(traceNest())` before your own. From Nest 11, give it to `NestFactory.create(AppModule,
 * { instrument })` too. With `tracing({ layers })`, controllers, guards and pipes are reported as layers.
 */
export function traceNest(): NestTracing {
  return { intercept, instanceDecorator }
}

function intercept<Result>(execution: NestExecution, next: NestHandler<Result>): Result {
  const request = requestOf(execution)
  if (!request) return interceptOther(execution, next)
  if (!exchangeOf(request)?.traced) return next.handle()
  const name = nameSpan(requestSpan(), execution)
  const layers = layersOf(request)
  const layer = name === undefined ? undefined : layers?.start('controller', name)
  const handle = (): Result => (layers ? withLayers(layers, () => next.handle()) : next.handle())
  return watchEnd(layer ? layer.run(handle) : handle(), thrown => {
    if (thrown) noteError(execution, thrown.value)
    layer?.end(thrown)
  })
}

/** A message is handled in its consumer span; a resolver of GraphQL is one of many in a request. */
function interceptOther<Result>(execution: NestExecution, next: NestHandler<Result>): Result {
  const isMessage = attempt('reading a handler of Nest', () => execution.getType()) === 'rpc'
  const span = isMessage ? trace.getActiveSpan() : undefined
  nameSpan(span, execution)
  return watchEnd(next.handle(), thrown => {
    if (!thrown) return
    if (span) recordException(thrown.value, span)
    else noteError(execution, thrown.value)
  })
}

function instanceDecorator(instance: unknown): unknown {
  if (typeof instance === 'object' && instance !== null) attempt('following Nest', watchEnhancer, instance)
  return instance
}
