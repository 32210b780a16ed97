import { type Context, context as contextApi, createContextKey, type Span } from '@opentelemetry/api'

import { contextWithValue } from '../../operation/lean-context.ts'
import type { Emitter, Method } from './response/tap.ts'

/** A request that is being answered, as the work beneath it sees it. */
export interface CurrentRequest {
  readonly span: Span
  /** Gives the span a route, before the one that the framework knows. */
  setRoute(pattern: string): void
}

/** Leads from a context to its request. What holds a context for long holds nothing of a request that is over. */
export interface RequestToken {
  current: CurrentRequest | undefined
}

const KEY = createContextKey('spanwright.request')

/** A context for the work of another request. */
export function inNewRequest(context: Context): Context {
  const token: RequestToken = { current: undefined }
  return contextWithValue(context, KEY, token)
}

/** True when a context belongs to a request that this package traces. */
export function isInRequest(context: Context): boolean {
  return context.getValue(KEY) !== undefined
}

/** The token of a context that {@link inNewRequest} made, or of one within it. */
export function tokenOf(context: Context): RequestToken | undefined {
  return context.getValue(KEY) as RequestToken | undefined
}

/** The request of the work that runs now; undefined when there is none, or it is over. */
export function currentRequest(): CurrentRequest | undefined {
  return tokenOf(contextApi.active())?.current
}

/** True when what runs now belongs to the request of a context, in a span of its own perhaps. */
export function isActive(context: Context): boolean {
  return tokenOf(contextApi.active()) === tokenOf(context)
}

/** Emits an event in the context of a request. */
export function emitWithin(
  context: Context | undefined,
  emitter: Emitter,
  emit: Method,
  args: readonly unknown[],
): unknown {
  if (!context || emitter.listenerCount?.(args[0]) === 0 || isActive(context)) {
    return Reflect.apply(emit, emitter, args)
  }
  return contextApi.with(context, () => Reflect.apply(emit, emitter, args))
}
