import { types } from 'node:util'

import { context } from '@opentelemetry/api'
import {
  attempt,
  type HttpClient,
  keepFace,
  originalOf,
  type PerCall,
  say,
  show,
} from '@spanwright/core/plugin'

import { learnConnections } from '../process/connection.ts'
import { Call } from '../call.ts'
import { httpClientFor, type UndiciTracingOptions } from '../entry-point.ts'
import { type Dispatcher, FetchDispatcher, type Realm, realmOf } from './dispatcher.ts'
import { traceCall } from '../process/process.ts'

/** Additional options of `fetch(url, { tracing })`. */
export interface FetchTracing {
  /** Tracing options of this call. Default: those of `traceFetch()`. */
  readonly tracing?: PerCall | undefined
}

type AnyFetch = (input: never, init?: never) => Promise<unknown>

/** A fetch function whose second argument also takes `tracing`. */
export type TracedFetch<Fetch extends AnyFetch> = Fetch &
  ((
    input: Parameters<Fetch>[0],
    init?: (Parameters<Fetch>[1] & FetchTracing) | FetchTracing,
  ) => ReturnType<Fetch>)

interface Init {
  readonly dispatcher?: Dispatcher
  readonly signal?: unknown
  readonly tracing?: PerCall
}

/**
 * Wraps a fetch function, Node's own or undici's: every request it sends has a span, including each redirect hop. The
 * given function is not changed.
 * @throws TypeError when it isn't given a function, or an option is unknown or of the wrong type
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
  const witness = new Witness()
  function tracedFetch(this: unknown, ...given: unknown[]): Promise<unknown> {
    const [input, init] = given
    const isIdle = witness.isSettled && client.isIdle
    // Invalid arguments must be refused by fetch itself.
    const isPlain = given.length > 0 && isInit(init)
    const call = isPlain ? attempt('reading a fetch call', callOf, input, init, isIdle) : undefined
    if (!call) return Reflect.apply(original, this, given) as Promise<unknown>
    const plan = attempt('reading a fetch call', planOf, client, call, input, init as Init | undefined, realm)
    if (!plan) return traceCall(client, call, () => original.call(this, input, init))
    return witness.watch(original.call(this, input, plan.init), plan.dispatcher)
  }
  return keepFace(
    tracedFetch as (...args: never[]) => unknown,
    fetch as unknown as (...args: never[]) => unknown,
  ) as unknown as TracedFetch<Fetch>
}

/**
 * @param isIdle true when a call without its own tracing options is left alone
 * @returns undefined when the call must be left alone
 */
function callOf(input: unknown, init: Init | undefined, isIdle: boolean): Call | undefined {
  const own = init?.tracing
  if (isIdle && own === undefined) return undefined
  const signal = init?.signal ?? (input as { signal?: unknown } | null | undefined)?.signal
  return new Call(context.active(), own, signal, true)
}

/** The dispatcher and options a call is sent with. */
interface Plan {
  readonly dispatcher: FetchDispatcher
  readonly init: object
}

/** @returns undefined when the caller's dispatcher cannot be determined */
function planOf(
  client: HttpClient,
  call: Call,
  input: unknown,
  init: Init | undefined,
  realm: Realm,
): Plan | undefined {
  const choice = init?.dispatcher ? { dispatcher: init.dispatcher } : choiceOf(input)
  if (!choice) return undefined
  const dispatcher = new FetchDispatcher(client, call, choice.dispatcher, realm)
  return { dispatcher, init: initWith(init, dispatcher) }
}

/**
 * Warns once when a function answers HTTP calls without using the dispatcher it was passed: it is not built on undici's
 * fetch, and its calls have no spans.
 */
class Witness {
  /** True once it is known whether the function uses the dispatcher. */
  isSettled = false

  watch(result: Promise<unknown>, dispatcher: FetchDispatcher): Promise<unknown> {
    return !this.isSettled && types.isPromise(result) ? this.lookAt(result, dispatcher) : result
  }

  /** With `await`, so that the stack of an error continues to the caller. */
  private async lookAt(result: Promise<unknown>, dispatcher: FetchDispatcher): Promise<unknown> {
    const response = await result
    attempt('reading a response', () => this.look(response, dispatcher))
    return response
  }

  private look(response: unknown, dispatcher: FetchDispatcher): void {
    if (this.isSettled || !String((response as { url?: unknown } | null)?.url).startsWith('http')) return
    this.isSettled = true
    if (!dispatcher.isUsed) say('warn', NO_FETCH_OF_UNDICI)
  }
}

const NO_FETCH_OF_UNDICI =
  'spanwright: traceFetch() was given a function that is not the fetch of Node or undici; it has no spans'

function isInit(init: unknown): init is Init | undefined {
  return init === undefined || init === null || typeof init === 'object'
}

/**
 * The dispatcher that a `Request` was created with.
 * @returns undefined when it cannot be determined: our dispatcher might then replace the caller's
 */
function choiceOf(input: unknown): { readonly dispatcher: Dispatcher | undefined } | undefined {
  if (typeof input !== 'object' || input === null || !('clone' in input)) return { dispatcher: undefined }
  // Undici 6 keeps it under a symbol, later ones in a private field.
  const symbol = Object.getOwnPropertySymbols(input).find(({ description }) => description === 'dispatcher')
  return symbol && { dispatcher: (input as Record<symbol, Dispatcher | undefined>)[symbol] }
}

/** The same init with another dispatcher. It may be frozen, and its members may be getters of a class. */
function initWith(init: Init | undefined, dispatcher: Dispatcher): object {
  if (!init || Object.getPrototypeOf(init) === Object.prototype) {
    return { ...init, dispatcher }
  }
  return new Proxy(
    {},
    {
      get: (_, key) => (key === 'dispatcher' ? dispatcher : Reflect.get(init, key, init)),
      has: (_, key) => key === 'dispatcher' || Reflect.has(init, key),
    },
  )
}
