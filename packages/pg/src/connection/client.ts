import { type Context, context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import { attempt, isWrapped, show, wrapMethod } from '@spanwright/core/plugin'

import type { Callback, QueryArguments } from '../query/call.ts'
import { detachEvents, isNew } from './detached-events.ts'
import { followDropped } from './dropped-queries.ts'
import { CLIENT_ENTRY, type ClientTracingOptions } from '../options.ts'
import { QueryTracing } from '../query/tracing.ts'
import type { Method } from '../query/running.ts'
import type { StringSyntax } from './string-syntax.ts'
import { TracedClient } from './traced-client.ts'

/** A node-postgres client: `Client`, `PoolClient`, a pg-native client, or an instance of a derived class. */
export interface TraceableClient {
  connect: (...args: never[]) => unknown
  query: (...args: never[]) => unknown
}

const tracedClients = new WeakMap<object, TracedClient>()

/**
 * Traces the queries of one client: one CLIENT span per query, in its caller's trace.
 * @returns the client itself; tracing it again, or tracing a client of a traced pool, has no effect
 * @throws TypeError when it isn't given a client, or an option is unknown or of the wrong type
 */
export function traceClient<Client extends TraceableClient>(
  client: Client,
  options?: ClientTracingOptions,
): Client {
  checkClient(client)
  traceQueriesOf(client, new QueryTracing(CLIENT_ENTRY, options))
  return client
}

/**
 * Traces a client, unless it is already traced.
 * @param connected receives the time it took to open the connection, in seconds
 */
export function traceQueriesOf(
  client: TraceableClient,
  tracing: QueryTracing,
  connected?: (seconds: number) => void,
): TracedClient | undefined {
  const known = tracedClients.get(client)
  if (known || isWrapped(client, 'query')) return known
  const traced = new TracedClient(client, tracing)
  tracedClients.set(client, traced)
  wrapMethod(client, 'query', original => tracedQuery(original, traced))
  wrapMethod(client, 'connect', original => detachedConnect(original, traced, connected))
  followDropped(client, traced)
  detachEvents(client)
  followStrings(client, tracing.strings)
  return traced
}

/** The connection of a client, as an event emitter. */
interface Emitter {
  on?(event: 'parameterStatus', listener: (message: unknown) => void): unknown
}

/**
 * Observes how a client's session reads strings; pg-native does not report it, and earlier reports are not repeated.
 */
function followStrings(client: object, strings: StringSyntax): void {
  const { connection } = client as { connection?: Emitter }
  if (!isNew(client) || typeof connection?.on !== 'function') {
    strings.missed()
    return
  }
  connection.on('parameterStatus', message => {
    const { parameterName, parameterValue } = Object(message) as Record<string, unknown>
    strings.report(parameterName, parameterValue)
  })
}

function tracedQuery(original: Method, traced: TracedClient): Callback {
  return function query(this: unknown): unknown {
    if (traced.claimed) return Reflect.apply(original, this, arguments)
    const caller = contextApi.active()
    const args = arguments as unknown as QueryArguments
    if (traced.leaves(caller) || traced.isPartOfAnother(caller, args))
      return Reflect.apply(original, this, arguments)
    return traced.query(original, this, args, caller)
  }
}

/**
 * The callback of `connect()` for a pool query that is not traced, so that the client's own query isn't traced either.
 */
export function unseen(callback: Callback): Callback {
  return function (this: unknown, _error: unknown, client: unknown): unknown {
    const traced = tracedClients.get(client as object)
    return traced ? traced.claim(callback, this, arguments) : Reflect.apply(callback, this, arguments)
  }
}

/**
 * Opens the connection outside any context: the socket outlives the request that opens it, and everything it emits,
 * such as a notification, runs in the context it was opened in.
 */
function detachedConnect(
  original: Method,
  traced: TracedClient,
  connected?: (seconds: number) => void,
): Callback {
  return function connect(this: unknown, callback?: unknown): unknown {
    traced.connects()
    const letGo = attempt('reading a client', keepPasswordInContext, this as { password?: unknown })
    if (typeof callback === 'function') {
      const startedAt = performance.now()
      arguments[0] = calledOnce(callback as Callback, error => {
        if (letGo) attempt('reading a client', letGo)
        if (!error) connected?.((performance.now() - startedAt) / 1000)
      })
    }
    return contextApi.with(ROOT_CONTEXT, Reflect.apply, undefined, original, this, arguments)
  }
}

/**
 * A callback that runs once in the currently active context and then releases it, because node-postgres retains the
 * callback.
 */
function calledOnce(callback: Callback, before: (error: unknown) => void): Callback {
  let kept: { callback: Callback; caller: Context } | undefined = { callback, caller: contextApi.active() }
  return function (this: unknown, error: unknown): unknown {
    const call = kept
    if (!call) return undefined
    kept = undefined
    before(error)
    return contextApi.with(call.caller, Reflect.apply, undefined, call.callback, this, arguments)
  }
}

/**
 * Runs a password function in the caller's context, until node-postgres replaces it by the password.
 * @returns a function that releases the caller's context if the server did not request a password
 */
function keepPasswordInContext(client: { password?: unknown }): () => void {
  const { password } = client
  if (typeof password !== 'function') return () => {}
  const bound = contextApi.bind(contextApi.active(), password)
  client.password = bound
  return () => {
    if (client.password === bound) client.password = password
  }
}

function checkClient(given: unknown): void {
  if (isPool(given))
    throw new TypeError('traceClient(): expected a client of pg; got a pool: use tracePool()')
  if (!canQuery(given)) {
    throw new TypeError(`traceClient(): expected a client of pg, such as new Client(); got ${show(given)}`)
  }
}

/** True for an object with the methods of clients and pools. */
export function canQuery(given: unknown): given is TraceableClient {
  const { query, connect } = Object(given) as { query?: unknown; connect?: unknown }
  return typeof query === 'function' && typeof connect === 'function'
}

/** True for a pool, recognised by its client counts. */
export function isPool(given: unknown): boolean {
  return canQuery(given) && typeof (given as { totalCount?: unknown }).totalCount === 'number'
}
