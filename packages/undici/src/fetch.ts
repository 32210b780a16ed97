import { runInThisContext } from 'node:vm'

import { context } from '@opentelemetry/api'
import { type HttpClient, keepFace, originalOf, type PerCall, show } from '@spanwright/core'

import { learnConnections } from './connection.ts'
import { type Call, TracedDispatch } from './dispatch.ts'
import { httpClientFor, type UndiciTracingOptions } from './entry-point.ts'
import { traceCall } from './process.ts'
import type { Dispatch, DispatchOptions, Handler, LegacyHandler } from './undici-types.ts'

/** What `fetch(url, { tracing })` takes. */
export interface FetchTracing {
  /** What this call says for itself. */
  readonly tracing?: PerCall | undefined
}

type AnyFetch = (input: never, init?: never) => Promise<unknown>

/** A fetch function whose second argument also takes `tracing`. */
export type TracedFetch<Fetch extends AnyFetch> = Fetch &
  ((
    input: Parameters<Fetch>[0],
    init?: (Parameters<Fetch>[1] & FetchTracing) | FetchTracing,
  ) => ReturnType<Fetch>)

interface Dispatcher {
  dispatch: Dispatch
  readonly isMockActive?: unknown
}

interface Init {
  readonly dispatcher?: Dispatcher
  readonly signal?: unknown
  readonly tracing?: PerCall
}

/**
 * Wraps a fetch function, Node's own or that of undici: every request it sends has a span, each hop of a redirect
 * its own. The function it was given stays as it is.
 * @throws TypeError when it is given no function, and when an option is unknown or of the wrong type
 */
export function traceFetch<Fetch extends AnyFetch>(
  fetch: Fetch,
  options?: UndiciTracingOptions,
): TracedFetch<Fetch> {
  if (typeof fetch !== 'function') {
    throw new TypeError(
      `traceFetch(): expected a fetch function, such as globalThis.fetch; got ${show(fetch)}`,
    )
  }
  const client = httpClientFor('traceFetch()', options)
  if (originalOf(fetch) !== undefined) return fetch as TracedFetch<Fetch>
  learnConnections()
  const realm = realmOf(fetch)
  const original = fetch as unknown as (this: unknown, input?: unknown, init?: unknown) => Promise<unknown>
  function tracedFetch(this: unknown, ...given: unknown[]): Promise<unknown> {
    const [input, init] = given
    // What fetch refuses, it has to refuse in its own words.
    if (given.length === 0 || !isInit(init)) return Reflect.apply(original, this, given) as Promise<unknown>
    const call: Call = {
      parent: context.active(),
      perCall: init?.tracing,
      signal: init?.signal ?? (input as { signal?: unknown } | null | undefined)?.signal,
      attempts: 0,
    }
    const choice = init?.dispatcher ? { dispatcher: init.dispatcher } : choiceOf(input)
    if (!choice) return traceCall(client, call, () => original.call(this, input, init))
    return original.call(
      this,
      input,
      initWith(init, new FetchDispatcher(client, call, choice.dispatcher, realm)),
    )
  }
  return keepFace(
    tracedFetch as (...args: never[]) => unknown,
    fetch as unknown as (...args: never[]) => unknown,
  ) as unknown as TracedFetch<Fetch>
}

function isInit(init: unknown): init is Init | undefined {
  return init === undefined || init === null || typeof init === 'object'
}

/**
 * The dispatcher that a `Request` was made with.
 * @returns undefined when that cannot be told: a dispatcher of ours might then take the place of the caller's
 */
function choiceOf(input: unknown): { readonly dispatcher: Dispatcher | undefined } | undefined {
  if (typeof input !== 'object' || input === null || !('clone' in input)) return { dispatcher: undefined }
  // Undici 6 keeps it under a symbol, later ones in a private field.
  const symbol = Object.getOwnPropertySymbols(input).find(({ description }) => description === 'dispatcher')
  return symbol && { dispatcher: (input as Record<symbol, Dispatcher | undefined>)[symbol] }
}

/** The same init with another dispatcher. It may be frozen, and its members may be getters of a class. */
function initWith(init: Init | undefined, dispatcher: Dispatcher): object {
  if (!init || Object.getPrototypeOf(init) === Object.prototype) return { ...init, dispatcher }
  return new Proxy(
    {},
    {
      get: (_, key) => (key === 'dispatcher' ? dispatcher : Reflect.get(init, key, init)),
      has: (_, key) => key === 'dispatcher' || Reflect.has(init, key),
    },
  )
}

/** Stands before the dispatcher of one fetch call. */
class FetchDispatcher implements Dispatcher {
  private readonly client: HttpClient
  private readonly call: Call
  private readonly chosen: Dispatcher | undefined
  private readonly realm: Realm

  /** @param chosen by the caller; without a choice it is the global one of the realm of the fetch function */
  constructor(client: HttpClient, call: Call, chosen: Dispatcher | undefined, realm: Realm) {
    this.client = client
    this.call = call
    this.chosen = chosen
    this.realm = realm
  }

  /** Fetch asks for it, to hand bodies to a `MockAgent` as they were given. */
  get isMockActive(): unknown {
    return (this.chosen ?? this.realm[LEGACY])?.isMockActive
  }

  dispatch(options: DispatchOptions, handler: Handler | LegacyHandler): boolean {
    const isLegacy = typeof (handler as Handler).onRequestStart !== 'function'
    const target = this.chosen ?? (isLegacy ? undefined : this.realm[CURRENT]) ?? this.realm[LEGACY]
    if (!target) throw new TypeError('traceFetch(): there is no global dispatcher')
    const traced = new TracedDispatch(this.client, (sent, by) => target.dispatch(sent, by))
    return traced.send(options, handler, undefined, this.call)
  }
}

// Undici 6 and 7, and the fetch of Node with them, look the global dispatcher up under the first symbol, and hand it
// handlers in the old form; undici 8 uses the second one.
const LEGACY: unique symbol = Symbol.for('undici.globalDispatcher.1')
const CURRENT: unique symbol = Symbol.for('undici.globalDispatcher.2')

interface Realm {
  readonly [LEGACY]?: Dispatcher
  readonly [CURRENT]?: Dispatcher
}

/** The global object in which a fetch function looks its dispatcher up: inside Jest, Node's own has another one. */
function realmOf(fetch: unknown): Realm {
  const isOfThisRealm = Object.prototype.isPrototypeOf.call(Function.prototype, fetch as object)
  return (isOfThisRealm ? globalThis : runInThisContext('globalThis')) as Realm
}
