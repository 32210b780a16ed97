import { attempt, guardMethods } from '@spanwright/core/plugin'

import { canQuery, traceQueriesOf } from '../connection/client.ts'
import { type ConnectionTarget, type Endpoint, resolveTarget } from '../connection/endpoint.ts'
import { PoolMetrics, type PoolNumbers } from './metrics.ts'
import type { QueryTracing } from '../query/tracing.ts'
import type { RunningQuery } from '../query/running.ts'
import type { TracedClient } from '../connection/traced-client.ts'

/** What waits for a client. */
interface Waiting {
  giveUp(): void
}

/** What a pool is, besides its methods. */
export interface PoolParts extends PoolNumbers {
  Client?: unknown
  end?: unknown
  readonly options?: ConnectionTarget & PoolNumbers['options']
}

/** What is known of a traced pool. */
export class TracedPool {
  readonly tracing: QueryTracing
  readonly metrics: PoolMetrics | undefined
  /** The query that is being called right now, for which the pool will ask itself for a connection. */
  calling: RunningQuery | 'unseen' | undefined
  /** Those that were promised a client and have none yet. */
  readonly waiting: Set<Waiting> = new Set()
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
    const traced = traceQueriesOf(client, this.tracing, seconds => this.metrics?.recordCreated(seconds))
    if (traced) this.learned = traced.endpoint
    return traced
  }

  /** The pool has no client any more: it leaves those that wait without an answer. */
  end(): void {
    for (const loan of this.waiting) loan.giveUp()
  }

  private resolve(): Endpoint {
    return this.tracing.endpointOf(attempt('reading a pool', resolveTarget, this.options) ?? {})
  }
}

guardMethods('tracing a client of a pool', TracedPool, 'trace', 'end')
