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

/** A query, as hooks see it. */
export interface DatabaseOperation {
  /** The text as the caller wrote it; empty for a named statement whose text the server already has. */
  readonly text: string
  /** Name of a prepared statement; absent for a query without one. */
  readonly name: string | undefined
  /** Values of `$1`, `$2` and so on; absent for a query without any. */
  readonly parameters: readonly unknown[] | undefined
  /** `db.namespace`: the database, and its schema where the connection was given one. */
  readonly namespace: string | undefined
}

/** What the option `metrics` holds besides false. */
export interface PgMetricsOptions extends MetricsOptions<DatabaseOperation> {
  /** Whether the connections of a pool are counted and their times measured. Default: true. */
  readonly connections?: boolean | undefined
  /** Whether metrics of queries have `db.query.summary`: as many series as there are summaries. Default: false. */
  readonly querySummary?: boolean | undefined
}

/** What the option `comment` holds besides true. */
export interface CommentOptions {
  /** Own tags of the comment, such as the route of the request. */
  readonly tags: (operation: DatabaseOperation) => Readonly<Record<string, string | undefined>> | undefined
}

/** Options of {@link traceClient}. */
export interface ClientTracingOptions extends TracingOptions<DatabaseOperation> {
  /**
   * `db.query.text`: with literals masked unless the query has values; as it is; or not at all. Default: `'masked'`.
   */
  readonly queryText?: 'masked' | 'raw' | 'off' | undefined
  /** Values to record as `db.query.parameter.<n>`: all, or those of some indexes (`'0'` for `$1`). Default: false. */
  readonly parameters?: boolean | readonly string[] | undefined
  /** Text to record for a value, or nothing to leave it out. Default: the value as text. */
  readonly maskParameter?: ((value: unknown, index: number) => string | undefined) | undefined
  /**
   * Appends a comment with `traceparent`, `tracestate` and own tags to the text that is sent, but not to that of
   * named statements. Default: false. Source: the sqlcommenter specification.
   */
  readonly comment?: boolean | CommentOptions | undefined
  /** `'span'`: an INTERNAL span from `BEGIN` to the end of each transaction. Default: none. */
  readonly transactions?: 'span' | undefined
  readonly metrics?: boolean | PgMetricsOptions | undefined
}

/** Options of {@link tracePool}. */
export interface PoolTracingOptions extends ClientTracingOptions {
  /** `db.client.connection.pool.name`. Default: `host:port/database`; further pools of a name get `#2`, `#3`. */
  readonly poolName?: string | undefined
  /** `'span'`: an INTERNAL span from `connect()` to `release()`. Default: none. */
  readonly checkout?: 'span' | undefined
  /** Reports once, by `diag.warn`, a client that is held longer than this many milliseconds. Default: never. */
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

/** What `traceClient()` and `tracePool()` tell of themselves. */
export const CLIENT_ENTRY: EntryPoint = { ...COMMON, caller: 'traceClient()', rules: CLIENT_RULES }
export const POOL_ENTRY: EntryPoint = { ...COMMON, caller: 'tracePool()', rules: POOL_RULES }
