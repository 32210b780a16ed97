import {
  aBoolean,
  aFunction,
  aListOfStrings,
  anyOf,
  aPositiveNumber,
  aRecordOf,
  aString,
  type EntryPoint,
  type MetricsOptions,
  oneOf,
  type OptionRules,
  type TracingOptions,
} from '@spanwright/core/plugin'

import { VERSION } from './version.ts'

/** A query as passed to hooks. */
export interface DatabaseOperation {
  /** The text as passed by the caller; empty for a named statement whose text the server already has. */
  readonly text: string
  /** Name of the prepared statement, if any. */
  readonly name: string | undefined
  /** Values of `$1`, `$2` and so on, if any. */
  readonly parameters: readonly unknown[] | undefined
  /** `db.namespace`: the database, and the schema if the connection has a search path. */
  readonly namespace: string | undefined
}

/** Values of the `metrics` option. */
export interface PgMetricsOptions extends MetricsOptions<DatabaseOperation> {
  /** Whether to record the connection metrics of a pool. Default: true. */
  readonly connections?: boolean | undefined
  /** Whether query metrics have `db.query.summary`, which creates one series per summary. Default: false. */
  readonly querySummary?: boolean | undefined
}

/** Values of the `comment` option. */
export interface CommentOptions {
  /** Returns your own tags for the comment, such as the route of the request. */
  readonly tags: (operation: DatabaseOperation) => Readonly<Record<string, string | undefined>> | undefined
}

/** Options of {@link traceClient}. */
export interface ClientTracingOptions extends TracingOptions<DatabaseOperation> {
  /**
   * How `db.query.text` is recorded. `'masked'`: with literals masked, unless the query has parameter values; `'raw'`:
   * unchanged; `'off'`: not at all. Default: `'masked'`.
   */
  readonly queryText?: 'masked' | 'raw' | 'off' | undefined
  /**
   * Parameter values to record as `db.query.parameter.<n>`: all, or those with the given indexes (`'0'` for `$1`).
   * Default: false.
   */
  readonly parameters?: boolean | readonly string[] | undefined
  /** Returns the text to record for a value, or undefined to omit it. Default: the value as text. */
  readonly maskParameter?: ((value: unknown, index: number) => string | undefined) | undefined
  /**
   * Whether to append a comment with `traceparent`, `tracestate` and your own tags to the text sent, except for named
   * statements. Default: false. Source: the sqlcommenter specification.
   */
  readonly comment?: boolean | CommentOptions | undefined
  /** `'span'`: record an INTERNAL span from `BEGIN` to the end of each transaction. Default: none. */
  readonly transactions?: 'span' | undefined
  readonly metrics?: boolean | PgMetricsOptions | undefined
}

/** Options of {@link tracePool}. */
export interface PoolTracingOptions extends ClientTracingOptions {
  /**
   * Value of `db.client.connection.pool.name`. Default: `host:port/database`; further pools of the same name get `#2`,
   * `#3`.
   */
  readonly poolName?: string | undefined
  /** `'span'`: record an INTERNAL span from `connect()` to `release()`. Default: none. */
  readonly checkout?: 'span' | undefined
  /**
   * Time in milliseconds after which a client not yet released is reported once through `diag.warn`. Default: never.
   */
  readonly leakThreshold?: number | undefined
}

const CLIENT_RULES: OptionRules = {
  queryText: oneOf('masked', 'raw', 'off'),
  parameters: anyOf(aBoolean, aListOfStrings),
  maskParameter: aFunction,
  comment: anyOf(aBoolean, aRecordOf({ tags: aFunction })),
  transactions: oneOf('span'),
}

const POOL_RULES: OptionRules = {
  ...CLIENT_RULES,
  poolName: aString,
  checkout: oneOf('span'),
  leakThreshold: aPositiveNumber,
}

const COMMON = {
  scope: { name: '@spanwright/pg', version: VERSION },
  area: 'database',
  metricsRules: { connections: aBoolean, querySummary: aBoolean },
} as const

/** Entry point definitions of `traceClient()` and `tracePool()`. */
export const CLIENT_ENTRY: EntryPoint = { ...COMMON, caller: 'traceClient()', rules: CLIENT_RULES }
export const POOL_ENTRY: EntryPoint = { ...COMMON, caller: 'tracePool()', rules: POOL_RULES }
