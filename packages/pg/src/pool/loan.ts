import { type Context, context as contextApi } from '@opentelemetry/api'
import { guardMethods } from '@spanwright/core/plugin'

import type { Callback } from '../query/call.ts'
import { Checkout } from './checkout.ts'
import type { RunningQuery } from '../query/running.ts'
import type { TracedClient } from '../connection/traced-client.ts'
import type { TracedPool } from './traced-pool.ts'
import type { WaitingCaller } from './waiting.ts'

/** One call of `connect()` and the client it obtains, until that is released. */
export class Loan implements WaitingCaller {
  before: WaitingCaller | undefined = undefined
  after: WaitingCaller | undefined = undefined
  isWaiting = false
  private readonly pool: TracedPool
  private readonly caller: Context
  /** The pool's call of `query()` that this one serves, if any. */
  private readonly query: RunningQuery | undefined
  private readonly checkout: Checkout | undefined
  private readonly askedAt: number
  private acquiredAt = 0
  private client: TracedClient | undefined

  constructor(pool: TracedPool, query: RunningQuery | undefined) {
    this.pool = pool
    this.query = query
    this.caller = query?.caller ?? contextApi.active()
    this.checkout = query ? undefined : new Checkout(pool.tracing, pool.endpoint, this.caller)
    pool.metrics?.start()
    pool.waiting.add(this)
    this.askedAt = performance.now()
  }

  /** The pool provided a client. */
  acquire(client: unknown): void {
    const { query, pool, checkout } = this
    pool.waiting.remove(this)
    this.acquiredAt = performance.now()
    const waited = (this.acquiredAt - this.askedAt) / 1000
    if (query) query.waited = (query.waited ?? 0) + waited
    pool.metrics?.recordWaited(waited, this.caller)
    const traced = pool.trace(client)
    if (!traced) return
    checkout?.acquire(waited)
    traced.checkout = checkout
    this.client = traced
    onRelease(client as Releasable, this)
  }

  /** The client was returned to the pool. */
  release(): void {
    this.pool.metrics?.recordUsed((performance.now() - this.acquiredAt) / 1000, this.caller)
    this.client?.release()
  }

  /** The pool failed to provide a client. */
  fail(error: unknown): void {
    if (!this.pool.waiting.remove(this)) return
    this.noteFailure(error)
  }

  private noteFailure(error: unknown): void {
    this.pool.metrics?.recordFailure(error, this.caller)
    this.checkout?.fail(error)
  }

  /** The pool has ended, and will never answer. */
  giveUp(): void {
    const error = new Error('Cannot use a pool after calling end on the pool')
    this.noteFailure(error)
    this.query?.fail(error)
  }

  /**
   * Calls the callback of `connect()` in its caller's context, not in that of the caller that released the connection.
   */
  callBack(callback: Callback, self: unknown, results: ArrayLike<unknown>): unknown {
    const { caller, query, client } = this
    const call = (): unknown =>
      query && client ? client.claim(callback, self, results) : Reflect.apply(callback, self, results)
    return contextApi.active() === caller ? call() : contextApi.with(caller, call)
  }
}

guardMethods('following a checkout', Loan, 'acquire', 'release', 'fail', 'giveUp')

interface Releasable {
  release?: unknown
}

/** A callback of `connect()` that reports its outcome to a loan. */
export function handOver(callback: Callback, loan: Loan): Callback {
  return function (this: unknown, error: unknown, client: unknown): unknown {
    if (client) {
      loan.acquire(client)
      // The third argument is the client's `release` method, which has now been replaced.
      if (arguments.length > 2) arguments[2] = (client as Releasable).release
    } else loan.fail(error)
    return loan.callBack(callback, this, arguments)
  }
}

/** Observes the release of a client, once. The pool creates a new function for each loan. */
function onRelease(client: Releasable, loan: Loan): void {
  const original = client.release
  if (typeof original !== 'function') return
  // An idle client retains this function, which must not retain the request that used the client.
  let current: Loan | undefined = loan
  client.release = function (this: unknown, _error?: unknown): unknown {
    const ending = current
    current = undefined
    ending?.release()
    return Reflect.apply(original, this, arguments)
  }
}
