import { type Context, context } from '@opentelemetry/api'

import { Call, MOST_INTERCEPTORS } from '../call.ts'
import { Follower } from './follower.ts'
import { isRequestHandler, type RequestHandler } from '../undici-internals.ts'
import type { UndiciRequest } from '../undici-types.ts'

/** The part of `AsyncResource` that undici's handlers of `request()`, `stream()` and similar methods inherit. */
interface Bound {
  runInAsyncScope<T>(work: () => T): T
}

const activeContext = (): Context => context.active()

/** Calls by their first handler, for as long as undici retains it. */
const calls = new WeakMap<Bound, Call>()

/**
 * The call that a request belongs to. A `Pool` whose connections are all busy creates the request later, and a retry
 * creates another one, in the context that freed a connection; undici's own handlers retain the caller's context.
 */
export function callBehind(handler: Bound): Call {
  const known = calls.get(handler)
  if (known) return known
  const parent = handler.runInAsyncScope(activeContext)
  const call = new Call(parent)
  calls.set(handler, call)
  return call
}

/** The handler that reports to the caller of `request()`; undefined for other calls. */
export function toldOf(created: UndiciRequest): RequestHandler | undefined {
  const handler = handlerOf(created)
  return isRequestHandler(handler) ? handler : undefined
}

/**
 * The handler nearest to the caller that is recognised. Undici keeps a handler under its own symbol, and handlers of
 * its interceptors hold the one they wrap. Ours means that the request is already traced.
 * @returns undefined when there is none: the request is then assumed to be created in its caller's context
 */
export function handlerOf(created: UndiciRequest): Follower<object> | Bound | undefined {
  const symbol = Object.getOwnPropertySymbols(created).find(({ description }) => description === 'handler')
  let handler: unknown = symbol && (created as unknown as Record<symbol, unknown>)[symbol]
  for (let depth = 0; depth < MOST_INTERCEPTORS; depth++) {
    if (typeof handler !== 'object' || handler === null) return undefined
    if (isBound(handler) || handler instanceof Follower) return handler
    handler = (handler as { handler?: unknown }).handler
  }
  return undefined
}

function isBound(handler: object): handler is Bound {
  return typeof (handler as Partial<Bound>).runInAsyncScope === 'function'
}
