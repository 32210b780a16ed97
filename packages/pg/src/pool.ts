import { type Context, context as contextApi } from '@opentelemetry/api'
import { isThenable, isWrapped, reportFailure, show, wrapMethod } from '@spanwright/core'

import { type Callback, type QueryArguments, readCall } from './call.ts'
import { Checkout } from './checkout.ts'
import { canQuery, isPool, traceQueriesOf } from './client.ts'
import { type ConnectionTarget, type Endpoint, endpointOf, resolveTarget } from './endpoint.ts'
import { POOL_ENTRY, type PoolTracingOptions } from './options.ts'
import { PoolMetrics, type PoolNumbers } from './pool-metrics.ts'
import { QueryTracing } from './query.ts'
import { type Method, RunningQuery } from './running.ts'
import type { TracedClient } from './traced-client.ts'

/** A pool of node-postgres: `Pool`, or of a class derived from it. */
export interface TraceablePool {
  connect: (...args: never[]) => unknown
  query: (...args: never[]) => unknown
}

/** What a pool is, besides its methods. */
interface PoolParts extends TraceablePool, PoolNumbers {
  Client?: unknown
  readonly options?: ConnectionTarget & PoolNumbers['options']
}

/**
 * Traces the queries of a pool and of the clients it hands out: a CLIENT span for each, in the trace of its caller,
 * also when the query had to wait for a connection.
 * @returns the pool itself; tracing it twice is tracing it once
 * @throws TypeError when what is given is no pool, or an option is unknown or of the wrong type
 */
export function tracePool<Pool extends TraceablePool>(pool: Pool, options?: PoolTracingOptions): Pool {
  checkPool(pool)
  const tracing = new QueryTracing(POOL_ENTRY, options)
  if (isWrapped(pool, 'query')) return pool
  const traced = new TracedPool(pool, tracing)
  wrapMethod(pool, 'query', original => tracedQuery(original, traced))
  wrapMethod(pool, 'connect', original => tracedConnect(original, traced))
  traceNewClients(pool, traced)
  return pool
}

/** What is known of a traced pool. */
class TracedPool {
  readonly tracing: QueryTracing
  readonly metrics: PoolMetrics | undefined
  /** The query that is being called right now, for which the pool will ask itself for a connection. */
  calling: RunningQuery | undefined
  private learned: Endpoint | undefined
  private readonly options: ConnectionTarget

  constructor(pool: PoolParts, tracing: QueryTracing) {
    this.options = pool.options ?? {}
    this.tracing = tracing
    const { metrics, poolName } = tracing.options
    const counts = metrics !== false && !(typeof metrics === 'object' && metrics.connections === false)
    if (counts) this.metrics = new PoolMetrics(tracing.settings, pool, poolName ?? this.resolve().name)
  }

  /** Where the pool leads to: as its clients resolved it, or told from its options before there is one. */
  get endpoint(): Endpoint {
    this.learned ??= this.resolve()
    return this.learned
  }

  /** Traces a client of the pool, if it is one and not traced already. */
  trace(client: unknown): TracedClient | undefined {
    if (!canQuery(client)) return undefined
    try {
      const traced = traceQueriesOf(client, this.tracing, seconds => this.metrics?.recordCreated(seconds))
      if (traced) this.learned = traced.endpoint
      return traced
    } catch (error) {
      reportFailure('tracing a client of a pool', error)
      return undefined
    }
  }

  private resolve(): Endpoint {
    return endpointOf(resolveTarget(this.options), this.tracing.settings.semconv !== 'latest')
  }
}

function tracedQuery(original: Method, traced: TracedPool): Callback {
  return function query(this: unknown, ...args: unknown[]): unknown {
    const call = readCall(args as unknown as QueryArguments, true)
    if (!call) return Reflect.apply(original, this, args)
    const running = new RunningQuery(traced.tracing, call, traced.endpoint, contextApi.active())
    traced.calling = running
    try {
      return running.run(original, this, args as unknown as QueryArguments)
    } finally {
      traced.calling = undefined
    }
  }
}

function tracedConnect(original: Method, traced: TracedPool): Callback {
  return function connect(this: unknown, ...args: unknown[]): unknown {
    const loan = new Loan(traced, traced.calling)
    traced.calling = undefined
    const [callback] = args
    if (typeof callback === 'function') {
      args[0] = handOver(callback as Callback, loan)
      return Reflect.apply(original, this, args)
    }
    const result: unknown = Reflect.apply(original, this, args)
    return isThenable(result) ? follow(result, loan) : result
  }
}

function follow(promise: PromiseLike<unknown>, loan: Loan): PromiseLike<unknown> {
  return promise.then(
    client => {
      loan.acquire(client)
      return client
    },
    (error: unknown) => {
      loan.fail(error)
      throw error
    },
  )
}

/** The callback of `connect()`: it runs in the context of its caller, whoever released the connection. */
function handOver(callback: Callback, loan: Loan): Callback {
  return function (this: unknown, ...results: unknown[]): unknown {
    const [error, client] = results
    if (!client) {
      loan.fail(error)
      return contextApi.with(loan.caller, callback, this, ...results)
    }
    const traced = loan.acquire(client)
    if (results.length > 2) results[2] = (client as { release?: unknown }).release
    if (!traced || !loan.query) return contextApi.with(loan.caller, callback, this, ...results)
    traced.claimed = true
    try {
      return contextApi.with(loan.caller, callback, this, ...results)
    } finally {
      traced.claimed = false
    }
  }
}

/** One call of `connect()` and the client it is given, until that is released. */
class Loan {
  readonly caller: Context
  /** The call of `query()` that the pool makes this one for, if any. */
  readonly query: RunningQuery | undefined
  private readonly pool: TracedPool
  private readonly checkout: Checkout | undefined
  private readonly askedAt: number

  constructor(pool: TracedPool, query: RunningQuery | undefined) {
    this.pool = pool
    this.query = query
    this.caller = query?.caller ?? contextApi.active()
    this.askedAt = performance.now()
    pool.metrics?.start()
    if (!query) this.checkout = new Checkout(pool.tracing, pool.endpoint, this.caller)
  }

  acquire(client: unknown): TracedClient | undefined {
    const acquiredAt = performance.now()
    const waited = (acquiredAt - this.askedAt) / 1000
    if (this.query) this.query.waited = waited
    this.pool.metrics?.recordWaited(waited, this.caller)
    const traced = this.pool.trace(client)
    if (!traced) return undefined
    this.checkout?.acquire(waited)
    traced.checkout = this.checkout
    onRelease(client as Releasable, () => {
      this.pool.metrics?.recordUsed((performance.now() - acquiredAt) / 1000, this.caller)
      traced.release()
    })
    return traced
  }

  fail(error: unknown): void {
    this.pool.metrics?.recordFailure(error, this.caller)
    this.checkout?.fail(error)
  }
}

interface Releasable {
  release?: unknown
}

/** Hears of the release of a client, once. The pool makes a new function for each loan. */
function onRelease(client: Releasable, released: () => void): void {
  const original = client.release
  if (typeof original !== 'function') return
  // An idle client keeps this function, which must not keep the request that borrowed the client.
  let hear: (() => void) | undefined = released
  client.release = function (this: unknown, _error?: unknown): unknown {
    const heard = hear
    hear = undefined
    heard?.()
    return Reflect.apply(original, this, arguments)
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
