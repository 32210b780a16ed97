import { type Context, context } from '@opentelemetry/api'

import { Call, MOST_INTERCEPTORS } from '../call.ts'
import { Follower } from './follower.ts'
import { isRequestHandler, type RequestHandler } from '../undici-internals.ts'
import type { UndiciRequest } from '../undici-types.ts'

/** The part of `AsyncResource` that undici's handlers of `request()`, `stream()` and the like inherit. */
interface Bound {
  runInAsyncScope<T>(work: () => T): T
}

const activeContext = (): Context => context.active()

/** Calls by the handler they began with, for as long as undici holds it. */
const calls = new WeakMap<Bound, Call>()

/**
 * The call that a request belongs to. A `Pool` with all connections at work makes the request later, and
 * a retry makes another, in the context of whatever freed a connection; undici's own handlers remember where they
 * come from.
 */
export function callBehind(handler: Bound): Call {
  const known = calls.get(handler)
  if (known) return known
  const parent = handler.runInAsyncScope(activeContext)
  const call = new Call(parent)
  calls.set(handler, call)
  return call
}

/** What the caller of `request()` is told; undefined for other calls. */
export function toldOf(created: UndiciRequest): RequestHandler | undefined {
  const handler = handlerOf(created)
  return isRequestHandler(handler) ? handler : undefined
}

/**
 * The handler nearest to the caller that tells something. Undici keeps a handler under a symbol of its own, and those
 * of its interceptors hold the one they stand for. Ours tells that the request is followed already.
 * @returns undefined when there is none: then the request is taken to be made in the context of its caller
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
