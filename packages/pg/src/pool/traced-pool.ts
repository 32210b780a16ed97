import { attempt, guardMethods } from '@spanwright/core/plugin'

import { canQuery, traceQueriesOf } from '../connection/client.ts'
import { type ConnectionTarget, type Endpoint, resolveTarget } from '../connection/endpoint.ts'
import { PoolMetrics, type PoolNumbers } from './metrics.ts'
import type { QueryTracing } from '../query/tracing.ts'
import type { RunningQuery } from '../query/running.ts'
import type { TracedClient } from '../connection/traced-client.ts'
import { WaitingCallers } from './waiting.ts'

/** Properties of a pool. */
export interface PoolParts extends PoolNumbers {
  Client?: unknown
  end?: unknown
  readonly options?: ConnectionTarget & PoolNumbers['options']
}

/** The tracing state of a pool. */
export class TracedPool {
  readonly tracing: QueryTracing
  readonly metrics: PoolMetrics | undefined
  /** The query that is currently being called, for which the pool will request a connection from itself. */
  calling: RunningQuery | 'unseen' | undefined
  /** Callers that wait for a client. */
  readonly waiting: WaitingCallers = new WaitingCallers()
  private learned: Endpoint | undefined
  private readonly options: ConnectionTarget

  constructor(pool: PoolParts, tracing: QueryTracing) {
    this.options = pool.options ?? {}
    this.tracing = tracing
    const { metrics, poolName } = tracing.options
    const counts = metrics !== false && !(typeof metrics === 'object' && metrics.connections === false)
    if (counts) this.metrics = new PoolMetrics(tracing.settings, pool, poolName ?? this.resolve().name)
  }

  /** The pool's target: as resolved by its clients, or from its options before there is one. */
  get endpoint(): Endpoint {
    this.learned ??= this.resolve()
    return this.learned
  }

  /** Traces a client of the pool, if it is a client and not already traced. */
  trace(client: unknown): TracedClient | undefined {
    if (!canQuery(client)) return undefined
    const traced = traceQueriesOf(client, this.tracing, seconds => this.metrics?.recordCreated(seconds))
    if (traced) this.learned = traced.endpoint
    return traced
  }

  /** The pool has no clients left: waiting callers will not be answered. */
  end(): void {
    this.waiting.giveUp()
  }

  private resolve(): Endpoint {
    return this.tracing.endpointOf(attempt('reading a pool', resolveTarget, this.options) ?? {})
  }
}

guardMethods('tracing a client of a pool', TracedPool, 'trace', 'end')
