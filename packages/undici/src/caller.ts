import { type Context, context } from '@opentelemetry/api'

import type { Call } from './dispatch.ts'
import type { UndiciRequest } from './undici-types.ts'

/** The part of `AsyncResource` that undici's handlers of `request()`, `stream()` and the like inherit. */
interface Bound {
  runInAsyncScope<T>(work: () => T): T
}

const activeContext = (): Context => context.active()

/** Calls by the handler they began with, for as long as undici holds it. */
const calls = new WeakMap<Bound, Call>()

/**
 * The call that a request of undici's belongs to. A `Pool` with all connections at work makes the request later, and
 * a retry makes another, in the context of whatever freed a connection; undici's own handlers remember where they
 * come from.
 * @returns undefined when the request does not tell: then it is taken to be made in the context of its caller
 */
export function callBehind(created: UndiciRequest): Call | undefined {
  const handler = boundHandlerOf(created)
  if (!handler) return undefined
  const known = calls.get(handler)
  if (known) return known
  const parent = handler.runInAsyncScope(activeContext)
  const call = { parent, perCall: undefined, signal: undefined, attempts: 0 }
  calls.set(handler, call)
  return call
}

/** Undici keeps the handler under a symbol of its own, and those of its interceptors hold the one they stand for. */
function boundHandlerOf(created: UndiciRequest): Bound | undefined {
  const symbol = Object.getOwnPropertySymbols(created).find(({ description }) => description === 'handler')
  let handler: unknown = symbol && (created as unknown as Record<symbol, unknown>)[symbol]
  for (let depth = 0; depth < MOST_INTERCEPTORS; depth++) {
    if (typeof handler !== 'object' || handler === null) return undefined
    if (isBound(handler)) return handler
    handler = (handler as { handler?: unknown }).handler
  }
  return undefined
}

const MOST_INTERCEPTORS = 8

function isBound(handler: object): handler is Bound {
  return typeof (handler as Partial<Bound>).runInAsyncScope === 'function'
}
