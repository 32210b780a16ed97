import { type Context, context } from '@opentelemetry/api'
import type { ClientRequest, PerCall } from '@spanwright/core/plugin'

import { perCall } from './request-mark.ts'
import { isAdapted, isRequestHandler } from './undici-internals.ts'
import type { DispatchOptions, Handler, LegacyHandler } from './undici-types.ts'

/** State shared by the attempts of one call; their spans are siblings under the caller's span. */
export class Call {
  readonly parent: Context
  readonly perCall: PerCall | undefined
  /** The caller's abort signal, if known. */
  readonly signal: unknown
  /** True for a call of a wrapped fetch. */
  readonly isFetch: boolean
  attempts = 0
  /** The first attempt that was traced. */
  first: ClientRequest | undefined
  /** The latest attempt. */
  last: ClientRequest | undefined

  constructor(parent: Context, own?: PerCall, signal?: unknown, isFetch = false) {
    this.parent = parent
    this.perCall = own
    this.signal = signal
    this.isFetch = isFetch
  }
}

/** Calls by the handler nearest to their caller, for as long as undici retains that. */
const calls = new WeakMap<object, Call>()

/** The call that a dispatch is an attempt of. */
export function callOf(options: DispatchOptions, handler: object): Call {
  const root = isOfOneAttempt(handler) ? undefined : rootOf(handler)
  const known = root && calls.get(root)
  // A handler passed to dispatch() again while its request is open, or after it succeeded, starts another call.
  if (known && !known.last?.isOpen && !known.last?.hasSucceeded) return known
  const call = new Call(context.active(), options[perCall] as PerCall | undefined, options['signal'])
  if (root) calls.set(root, call)
  return call
}

/** Retrying and redirecting handlers wrap the caller's handler, and each other when there are several. */
function rootOf(handler: object): object {
  let root = handler
  for (let depth = 0; depth < MOST_INTERCEPTORS; depth++) {
    const { handler: next } = root as { readonly handler?: unknown }
    if (!isHandler(next)) return root
    root = next
  }
  return root
}

export const MOST_INTERCEPTORS = 8

function isHandler(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const handler = value as Handler & LegacyHandler
  return typeof handler.onRequestStart === 'function' || typeof handler.onConnect === 'function'
}

/** Handlers of `request()` and similar methods end with their first failure; retrying handlers wrap them. */
function isOfOneAttempt(handler: object): boolean {
  return isRequestHandler(handler) || isAdapted(handler)
}
