import type { EntryPoint, TracingOptions } from '@spanwright/core'

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

/** Options of {@link tracePool} and {@link traceClient}. */
export interface PgTracingOptions extends TracingOptions<DatabaseOperation> {}

/** What an entry point of this package tells of itself. */
export function entryPoint(caller: string): EntryPoint {
  return { scope: { name: '@spanwright/pg', version: VERSION }, caller, area: 'database' }
}
