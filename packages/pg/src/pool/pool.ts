import { context as contextApi } from '@opentelemetry/api'
import { attempt, isThenable, isWrapped, show, wrapMethod } from '@spanwright/core/plugin'

import { type Callback, type QueryArguments, readCall } from '../query/call.ts'
import { canQuery, isPool, unseen } from '../connection/client.ts'
import { handOver, Loan } from './loan.ts'
import { POOL_ENTRY, type PoolTracingOptions } from '../options.ts'
import { QueryTracing } from '../query/tracing.ts'
import { type Method, runningIn, RunningQuery } from '../query/running.ts'
import { type PoolParts, TracedPool } from './traced-pool.ts'

/** A node-postgres pool: `Pool`, or an instance of a derived class. */
export interface TraceablePool {
  connect: (...args: never[]) => unknown
  query: (...args: never[]) => unknown
}

/**
 * Traces the queries of a pool and its clients: one CLIENT span per query, in its caller's trace, even when the query
 * waited for a connection.
 * @returns the pool itself; tracing it again has no effect
 * @throws TypeError when it isn't given a pool, or an option is unknown or of the wrong type
 */
export function tracePool<Pool extends TraceablePool>(pool: Pool, options?: PoolTracingOptions): Pool {
  checkPool(pool)
  const tracing = new QueryTracing(POOL_ENTRY, options)
  if (isWrapped(pool, 'query')) return pool
  const parts: PoolParts = pool as object
  const traced = new TracedPool(parts, tracing)
  wrapMethod(pool, 'query', original => tracedQuery(original, traced))
  wrapMethod(pool, 'connect', original => tracedConnect(original, traced))
  followEnd(parts, traced)
  traceNewClients(parts, traced)
  return pool
}

function tracedQuery(original: Method, traced: TracedPool): Callback {
  return function query(this: unknown, config?: unknown, values?: unknown, callback?: unknown): unknown {
    const running = attempt('reading a query', begin, traced, [config, values, callback] as const)
    traced.calling = running ?? 'unseen'
    try {
      return running
        ? running.runWithin(original, this, arguments as unknown as QueryArguments)
        : (Reflect.apply(original, this, arguments) as unknown)
    } finally {
      traced.calling = undefined
    }
  }
}

/** @returns undefined when the call is left alone */
function begin({ tracing, endpoint }: TracedPool, args: QueryArguments): RunningQuery | undefined {
  const isCalledBack = typeof args[1] === 'function' || typeof args[2] === 'function'
  const call = isCalledBack || tracing.active ? readCall(args, true) : undefined
  return call && new RunningQuery(tracing, call, endpoint, contextApi.active())
}

function tracedConnect(original: Method, traced: TracedPool): Callback {
  return function connect(this: unknown, callback?: unknown): unknown {
    // A pool subclass may wait before it requests a connection, or request it again.
    const calling = traced.calling ?? runningIn(contextApi.active(), traced.tracing)
    traced.calling = undefined
    const isByCallback = typeof callback === 'function'
    if (calling === 'unseen') {
      if (isByCallback) arguments[0] = unseen(callback as Callback)
      return Reflect.apply(original, this, arguments)
    }
    const loan = attempt('following a checkout', lend, traced, calling)
    if (!loan) return Reflect.apply(original, this, arguments)
    if (isByCallback) arguments[0] = handOver(callback as Callback, loan)
    const result: unknown = Reflect.apply(original, this, arguments)
    return !isByCallback && isThenable(result) ? follow(result, loan) : result
  }
}

function lend(traced: TracedPool, query: RunningQuery | undefined): Loan {
  return new Loan(traced, query)
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

/** Observes the end of the pool, when its last client has closed. */
function followEnd(pool: PoolParts, traced: TracedPool): void {
  const { end: method } = pool
  if (typeof method !== 'function') return
  wrapMethod(pool as { end: Method }, 'end', original => {
    return function end(this: unknown, callback?: unknown): unknown {
      if (typeof callback === 'function') {
        arguments[0] = function (this: unknown, error: unknown): unknown {
          if (!error) traced.end()
          return Reflect.apply(callback, this, arguments)
        }
      }
      const result: unknown = Reflect.apply(original, this, arguments)
      if (!isThenable(result)) return result
      return result.then(value => {
        traced.end()
        return value
      })
    }
  })
}

/** Traces clients from the start, because handlers of `connect` may already use them. */
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
