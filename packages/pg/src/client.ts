import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import { isWrapped, show, wrapMethod } from '@spanwright/core'

import { type Callback, type QueryArguments, readCall } from './call.ts'
import { type ConnectionTarget, type Endpoint, endpointOf } from './endpoint.ts'
import type { PgTracingOptions } from './options.ts'
import { QueryTracing } from './query.ts'
import { bindCallback, type Method, RunningQuery } from './running.ts'

/** A client of node-postgres: `Client`, `PoolClient`, one of pg-native, or of a class derived from these. */
export interface TraceableClient {
  connect: (...args: never[]) => unknown
  query: (...args: never[]) => unknown
}

/** What is known of a traced client. */
export interface TracedClient {
  readonly endpoint: Endpoint
  /** True while the pool makes its own call of `query()`, which has a span already. */
  claimed: boolean
}

const tracedClients = new WeakMap<object, TracedClient>()

/**
 * Traces the queries of one client: a CLIENT span for each, in the trace of its caller.
 * @returns the client itself; tracing it twice, or a client of a traced pool, is tracing it once
 * @throws TypeError when what is given is no client, or an option is unknown or of the wrong type
 */
export function traceClient<Client extends TraceableClient>(
  client: Client,
  options?: PgTracingOptions,
): Client {
  checkClient(client)
  traceQueriesOf(client, new QueryTracing('traceClient()', options))
  return client
}

/** Traces a client, unless it is traced already. */
export function traceQueriesOf(client: TraceableClient, tracing: QueryTracing): TracedClient | undefined {
  if (isWrapped(client, 'query')) return tracedClients.get(client)
  const traced = { endpoint: endpointOfClient(client, tracing), claimed: false }
  tracedClients.set(client, traced)
  wrapMethod(client, 'query', original => tracedQuery(original, tracing, traced))
  wrapMethod(client, 'connect', original => detachedConnect(original))
  return traced
}

function tracedQuery(original: Method, tracing: QueryTracing, traced: TracedClient): Callback {
  return function query(this: unknown, ...args: unknown[]): unknown {
    const call = traced.claimed ? undefined : readCall(args as unknown as QueryArguments, false)
    if (!call) return Reflect.apply(original, this, args)
    const caller = contextApi.active()
    const running = new RunningQuery(tracing, tracing.start(call, traced.endpoint, caller), caller)
    return running.run(original, this, args as unknown as QueryArguments, call)
  }
}

/**
 * The socket lives longer than the request that happens to open it, and everything it emits, such as a notification,
 * runs in the context it was opened in: so that is none.
 */
function detachedConnect(original: Method): Callback {
  return function connect(this: unknown, ...args: unknown[]): unknown {
    const caller = contextApi.active()
    const [callback] = args
    if (typeof callback === 'function') args[0] = bindCallback(callback as Callback, caller)
    keepPasswordInContext(this as { password?: unknown })
    return contextApi.with(ROOT_CONTEXT, () => Reflect.apply(original, this, args) as unknown)
  }
}

/** A function that fetches the password works for the caller, until node-postgres puts the password in its place. */
function keepPasswordInContext(client: { password?: unknown }): void {
  const { password } = client
  if (typeof password === 'function') client.password = contextApi.bind(contextApi.active(), password)
}

function endpointOfClient(client: object, { settings }: QueryTracing): Endpoint {
  const { host, port, database, user, connectionParameters } = client as ConnectionTarget & {
    readonly connectionParameters?: { readonly options?: unknown }
  }
  const target = { host, port, database, user, options: connectionParameters?.options }
  return endpointOf(target, settings.semconv !== 'latest')
}

function checkClient(given: unknown): void {
  if (isPool(given))
    throw new TypeError(`traceClient(): expected a client of pg; got a pool: use tracePool()`)
  if (!canQuery(given)) {
    throw new TypeError(`traceClient(): expected a client of pg, such as new Client(); got ${show(given)}`)
  }
}

/** True for an object with the methods that clients and pools have. */
export function canQuery(given: unknown): given is TraceableClient {
  const { query, connect } = Object(given) as { query?: unknown; connect?: unknown }
  return typeof query === 'function' && typeof connect === 'function'
}

/** True for a pool, which counts its clients. */
export function isPool(given: unknown): boolean {
  return canQuery(given) && typeof (given as { totalCount?: unknown }).totalCount === 'number'
}
