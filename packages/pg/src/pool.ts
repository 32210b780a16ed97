import { context as contextApi } from '@opentelemetry/api'
import { isThenable, isWrapped, reportFailure, show, wrapMethod } from '@spanwright/core'

import { type Callback, type QueryArguments, readCall } from './call.ts'
import { canQuery, isPool, type TracedClient, traceQueriesOf } from './client.ts'
import { type ConnectionTarget, type Endpoint, endpointOf, resolveTarget } from './endpoint.ts'
import type { PgTracingOptions } from './options.ts'
import { QueryTracing } from './query.ts'
import { type Method, RunningQuery } from './running.ts'

/** A pool of node-postgres: `Pool`, or of a class derived from it. */
export interface TraceablePool {
  connect: (...args: never[]) => unknown
  query: (...args: never[]) => unknown
}

/**
 * Traces the queries of a pool and of the clients it hands out: a CLIENT span for each, in the trace of its caller,
 * also when the query had to wait for a connection.
 * @returns the pool itself; tracing it twice is tracing it once
 * @throws TypeError when what is given is no pool, or an option is unknown or of the wrong type
 */
export function tracePool<Pool extends TraceablePool>(pool: Pool, options?: PgTracingOptions): Pool {
  checkPool(pool)
  const tracing = new QueryTracing('tracePool()', options)
  if (isWrapped(pool, 'query')) return pool
  const traced = new TracedPool(pool, tracing)
  wrapMethod(pool, 'query', original => tracedQuery(original, traced))
  wrapMethod(pool, 'connect', original => tracedConnect(original, traced))
  traceNewClients(pool, traced)
  return pool
}

/** What a pool is, besides its methods. */
interface PoolParts extends TraceablePool {
  Client?: unknown
  readonly options?: ConnectionTarget
}

/** What is known of a traced pool. */
class TracedPool {
  readonly tracing: QueryTracing
  /** The query that is being called right now, for which the pool will ask itself for a connection. */
  calling: RunningQuery | undefined
  private readonly pool: PoolParts
  private learned: Endpoint | undefined

  constructor(pool: PoolParts, tracing: QueryTracing) {
    this.pool = pool
    this.tracing = tracing
  }

  /** Where the pool leads to: as its clients resolved it, or told from its options before there is one. */
  get endpoint(): Endpoint {
    const withUser = this.tracing.settings.semconv !== 'latest'
    this.learned ??= endpointOf(resolveTarget(this.pool.options ?? {}), withUser)
    return this.learned
  }

  /** Traces a client of the pool, if it is one and not traced already. */
  trace(client: unknown): TracedClient | undefined {
    if (!canQuery(client)) return undefined
    try {
      const traced = traceQueriesOf(client, this.tracing)
      if (traced) this.learned = traced.endpoint
      return traced
    } catch (error) {
      reportFailure('tracing a client of a pool', error)
      return undefined
    }
  }
}

function tracedQuery(original: Method, traced: TracedPool): Callback {
  return function query(this: unknown, ...args: unknown[]): unknown {
    const call = readCall(args as unknown as QueryArguments, true)
    if (!call) return Reflect.apply(original, this, args)
    const { tracing, endpoint } = traced
    const caller = contextApi.active()
    const running = new RunningQuery(tracing, tracing.start(call, endpoint, caller), caller)
    traced.calling = running
    try {
      return running.run(original, this, args as unknown as QueryArguments, call)
    } finally {
      traced.calling = undefined
    }
  }
}

function tracedConnect(original: Method, traced: TracedPool): Callback {
  return function connect(this: unknown, ...args: unknown[]): unknown {
    const [callback] = args
    const query = traced.calling
    traced.calling = undefined
    if (typeof callback === 'function') {
      args[0] = handOver(callback as Callback, traced, query)
      return Reflect.apply(original, this, args)
    }
    const result: unknown = Reflect.apply(original, this, args)
    if (!isThenable(result)) return result
    return result.then(client => {
      traced.trace(client)
      return client
    })
  }
}

/** The callback of `connect()`: it runs in the context of its caller, whoever released the connection. */
function handOver(callback: Callback, traced: TracedPool, query: RunningQuery | undefined): Callback {
  const caller = query?.caller ?? contextApi.active()
  const askedAt = query?.traced ? performance.now() : 0
  return function (this: unknown, ...results: unknown[]): unknown {
    const client = traced.trace(results[1])
    if (!client || !query) return contextApi.with(caller, callback, this, ...results)
    if (askedAt) query.waited = (performance.now() - askedAt) / 1000
    client.claimed = true
    try {
      return contextApi.with(caller, callback, this, ...results)
    } finally {
      client.claimed = false
    }
  }
}

/** Sees to it that clients are traced from the start, when handlers of `connect` may use them already. */
function traceNewClients(pool: PoolParts, traced: TracedPool): void {
  if (typeof pool.Client !== 'function') return
  const ClientClass: object = new Proxy(pool.Client, {
    construct(target, args: unknown[], newTarget) {
      const client = Reflect.construct(target, args, newTarget === ClientClass ? target : newTarget) as object
      traced.trace(client)
      return client
    },
  })
  pool.Client = ClientClass
}

function checkPool(given: unknown): void {
  if (isPool(given)) return
  if (canQuery(given))
    throw new TypeError('tracePool(): expected a pool of pg; got a client: use traceClient()')
  throw new TypeError(`tracePool(): expected a pool of pg, such as new Pool(); got ${show(given)}`)
}
