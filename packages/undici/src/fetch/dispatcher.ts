import { runInThisContext } from 'node:vm'

import type { HttpClient } from '@spanwright/core/plugin'

import type { Call } from '../call.ts'
import { TracedDispatch } from '../interceptor/dispatch.ts'
import type { Below } from '../interceptor/below.ts'
import type { Dispatch, DispatchOptions, Handler, LegacyHandler } from '../undici-types.ts'

/** The part of a dispatcher that fetch uses. */
export interface Dispatcher {
  dispatch: Dispatch
  readonly isMockActive?: unknown
}

/** Wraps the dispatcher of one fetch call. */
export class FetchDispatcher implements Dispatcher {
  private readonly client: HttpClient
  private readonly call: Call
  private readonly chosen: Dispatcher | undefined
  private readonly realm: Realm
  /** True once fetch has sent a request through it. */
  isUsed = false

  /** @param chosen the caller's dispatcher. Default: the global one of the fetch function's realm */
  constructor(client: HttpClient, call: Call, chosen: Dispatcher | undefined, realm: Realm) {
    this.client = client
    this.call = call
    this.chosen = chosen
    this.realm = realm
  }

  /** Read by fetch, which passes bodies to a `MockAgent` unchanged. */
  get isMockActive(): unknown {
    return (this.chosen ?? this.realm[LEGACY])?.isMockActive
  }

  dispatch(options: DispatchOptions, handler: Handler | LegacyHandler): boolean {
    this.isUsed = true
    const isLegacy = typeof (handler as Handler).onRequestStart !== 'function'
    const target = this.chosen ?? (isLegacy ? undefined : this.realm[CURRENT]) ?? this.realm[LEGACY]
    if (!target) throw new TypeError('traceFetch(): no global dispatcher is set')
    const traced = new TracedDispatch(this.client, (sent, by) => target.dispatch(sent, by), belowOf(target))
    return traced.send(options, handler, undefined, this.call)
  }
}

const known = new WeakMap<Dispatcher, Below>()

/** What earlier calls have observed of a dispatcher. */
function belowOf(dispatcher: Dispatcher): Below {
  const below = known.get(dispatcher) ?? { copies: undefined }
  known.set(dispatcher, below)
  return below
}

// Undici 6 and 7, and Node's fetch built on them, look up the global dispatcher under the first symbol and pass it
// handlers in the old form; undici 8 uses the second one.
const LEGACY: unique symbol = Symbol.for('undici.globalDispatcher.1')
const CURRENT: unique symbol = Symbol.for('undici.globalDispatcher.2')

export interface Realm {
  readonly [LEGACY]?: Dispatcher
  readonly [CURRENT]?: Dispatcher
}

/**
 * The global object in which a fetch function looks up its dispatcher: inside Jest, Node's own fetch has a different
 * one.
 */
export function realmOf(fetch: unknown): Realm {
  const isOfThisRealm = Object.prototype.isPrototypeOf.call(Function.prototype, fetch as object)
  return (isOfThisRealm ? globalThis : runInThisContext('globalThis')) as Realm
}
