import { type Attributes, type Context, type MeterProvider, ROOT_CONTEXT } from '@opentelemetry/api'
import {
  ATTR_DB_CLIENT_CONNECTION_POOL_NAME,
  ATTR_DB_CLIENT_CONNECTION_STATE,
  CONNECTION_STATE_IDLE,
  CONNECTION_STATE_USED,
  METRIC_DB_CLIENT_CONNECTION_COUNT,
  METRIC_DB_CLIENT_CONNECTION_CREATE_TIME,
  METRIC_DB_CLIENT_CONNECTION_IDLE_MAX,
  METRIC_DB_CLIENT_CONNECTION_IDLE_MIN,
  METRIC_DB_CLIENT_CONNECTION_LIMIT,
  METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS,
  METRIC_DB_CLIENT_CONNECTION_TIMEOUTS,
  METRIC_DB_CLIENT_CONNECTION_USE_TIME,
  METRIC_DB_CLIENT_CONNECTION_WAIT_TIME,
  type MetricDefinition,
} from '@spanwright/core/semconv'
import { LateCounter, LateHistogram, LateObservable, type Settings } from '@spanwright/core/plugin'

import { isTimeout } from '../query/failure.ts'
import type { DatabaseOperation } from '../options.ts'
import { PoolName } from './name.ts'

/** The counts that a pool exposes. */
export interface PoolNumbers {
  readonly totalCount?: unknown
  readonly idleCount?: unknown
  readonly waitingCount?: unknown
  readonly ended?: unknown
  readonly options?: { readonly max?: unknown; readonly min?: unknown }
}

/**
 * The metrics of one pool. The number of connections is read from the pool itself when it is observed, so it cannot
 * drift; times are recorded as they occur.
 */
export class PoolMetrics {
  private readonly settings: Settings<DatabaseOperation>
  private readonly name: PoolName
  private readonly pool: WeakRef<PoolNumbers>
  private readonly observables: readonly LateObservable<DatabaseOperation>[]
  private readonly created: LateHistogram<DatabaseOperation>
  private readonly waited: LateHistogram<DatabaseOperation>
  private readonly used: LateHistogram<DatabaseOperation>
  private readonly timeouts: LateCounter<DatabaseOperation>
  private readonly attributes: Attributes
  /** The meter provider that observes the pool. */
  private observer: MeterProvider | undefined

  constructor(settings: Settings<DatabaseOperation>, pool: PoolNumbers, name: string) {
    this.settings = settings
    // Metric readers live as long as the process; an unused pool must not.
    this.pool = new WeakRef(pool)
    this.name = new PoolName(name, pool)
    this.attributes = { [ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: this.name.text }
    this.created = new LateHistogram(settings, METRIC_DB_CLIENT_CONNECTION_CREATE_TIME)
    this.waited = new LateHistogram(settings, METRIC_DB_CLIENT_CONNECTION_WAIT_TIME)
    this.used = new LateHistogram(settings, METRIC_DB_CLIENT_CONNECTION_USE_TIME)
    this.timeouts = new LateCounter(settings, METRIC_DB_CLIENT_CONNECTION_TIMEOUTS)
    this.observables = [
      this.observeStates(settings),
      this.observe(settings, METRIC_DB_CLIENT_CONNECTION_LIMIT, ({ options }) => options?.max),
      this.observe(settings, METRIC_DB_CLIENT_CONNECTION_IDLE_MAX, ({ options }) => options?.max),
      this.observe(settings, METRIC_DB_CLIENT_CONNECTION_IDLE_MIN, ({ options }) => options?.min ?? 0),
      this.observe(
        settings,
        METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS,
        ({ waitingCount }) => waitingCount,
      ),
    ]
    this.start()
  }

  /** Registers the pool with the current meter provider; call it whenever the pool is used. */
  start(): void {
    const { meterProvider } = this.settings
    if (meterProvider === this.observer) return
    this.observer = meterProvider
    for (const observable of this.observables) observable.start()
  }

  /** A connection was opened. */
  recordCreated(seconds: number): void {
    this.created.record(seconds, this.attributes, ROOT_CONTEXT)
  }

  /** A caller got a connection. */
  recordWaited(seconds: number, context: Context): void {
    this.waited.record(seconds, this.attributes, context)
  }

  /** A connection was released. */
  recordUsed(seconds: number, context: Context): void {
    this.used.record(seconds, this.attributes, context)
  }

  /** A caller failed to get a connection. */
  recordFailure(error: unknown, context: Context): void {
    if (isTimeout(error)) this.timeouts.add(1, this.attributes, context)
  }

  private observe(
    settings: Settings<DatabaseOperation>,
    definition: MetricDefinition,
    read: (pool: PoolNumbers) => unknown,
  ): LateObservable<DatabaseOperation> {
    return new LateObservable(settings, definition, report => {
      const pool = this.observed()
      if (pool) report(pool.ended ? 0 : Number(read(pool)), this.attributes)
    })
  }

  private observeStates(settings: Settings<DatabaseOperation>): LateObservable<DatabaseOperation> {
    return new LateObservable(settings, METRIC_DB_CLIENT_CONNECTION_COUNT, report => {
      const pool = this.observed()
      if (!pool) return
      const idle = Number(pool.idleCount)
      const used = Number(pool.totalCount) - idle
      report(idle, { ...this.attributes, [ATTR_DB_CLIENT_CONNECTION_STATE]: CONNECTION_STATE_IDLE })
      report(used, { ...this.attributes, [ATTR_DB_CLIENT_CONNECTION_STATE]: CONNECTION_STATE_USED })
    })
  }

  /** The pool, while it exists and has not ended. */
  private observed(): PoolNumbers | undefined {
    const pool = this.pool.deref()
    if (pool && this.name.held) return pool
    for (const observable of this.observables) observable.stop()
    return undefined
  }
}
