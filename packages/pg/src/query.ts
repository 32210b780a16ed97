import { type Attributes, type Context, SpanKind } from '@opentelemetry/api'
import {
  ATTR_DB_OPERATION_BATCH_SIZE,
  ATTR_DB_QUERY_SUMMARY,
  ATTR_DB_QUERY_TEXT,
  ATTR_DB_RESPONSE_RETURNED_ROWS,
  ATTR_SPANWRIGHT_DB_WAIT_TIME,
  DB_METRIC_ATTRIBUTES,
  DB_SYSTEM_POSTGRESQL,
  decide,
  type Decision,
  LateHistogram,
  METRIC_DB_CLIENT_OPERATION_DURATION,
  Operation,
  Settings,
} from '@spanwright/core'

import type { QueryCall } from './call.ts'
import type { Endpoint } from './endpoint.ts'
import { failureOf } from './failure.ts'
import { type DatabaseOperation, entryPoint, type PgTracingOptions } from './options.ts'
import { statementOf } from './sql/statement.ts'

/** Starts and ends the spans of queries, by the options of one `tracePool()` or `traceClient()`. */
export class QueryTracing {
  readonly settings: Settings<DatabaseOperation>
  private readonly duration: {
    readonly histogram: LateHistogram<DatabaseOperation>
    readonly keys: readonly string[]
  }

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(caller: string, options: PgTracingOptions | undefined) {
    this.settings = new Settings<DatabaseOperation>(entryPoint(caller), options)
    const histogram = new LateHistogram(this.settings, METRIC_DB_CLIENT_OPERATION_DURATION)
    this.duration = { histogram, keys: DB_METRIC_ATTRIBUTES }
  }

  /** Starts the span of a query; undefined when it is not to be traced, or nobody would see it. */
  start(call: QueryCall, endpoint: Endpoint, parent: Context): Operation<DatabaseOperation> | undefined {
    const { settings, duration } = this
    if (!settings.hasTracerProvider && !settings.hasHooks && !duration.histogram.enabled) return undefined
    const record = settings.hasHooks ? recordOf(call, endpoint) : undefined
    const decision: Decision = decide(settings, parent, record)
    if (decision !== 'trace') return undefined
    const attributes: Attributes = { ...endpoint.attributes }
    return new Operation(settings, {
      kind: SpanKind.CLIENT,
      name: this.describe(call, attributes),
      attributes,
      parent,
      record,
      duration,
    })
  }

  /** Ends the span of a query that was answered. */
  succeed(operation: Operation<DatabaseOperation>, result: unknown, waited: number | undefined): void {
    const late = lateAttributes(waited)
    const rows = returnedRows(result)
    if (rows !== undefined) late[ATTR_DB_RESPONSE_RETURNED_ROWS] = rows
    operation.end({ result }, late)
  }

  /** Ends the span of a query that failed, or was never sent. */
  fail(operation: Operation<DatabaseOperation>, error: unknown, waited: number | undefined): void {
    const late = lateAttributes(waited)
    operation.end(failureOf(error, false, late), late)
  }

  /** Writes what the text tells, and returns the name of the span. */
  private describe({ text, parameters }: QueryCall, attributes: Attributes): string {
    if (!this.settings.hasTracerProvider || text === '') return DB_SYSTEM_POSTGRESQL
    const { summary, masked, count } = statementOf(text)
    // A text that takes parameters has its values there, and stays as its author wrote it.
    attributes[ATTR_DB_QUERY_TEXT] = parameters && parameters.length > 0 ? text : masked
    if (count > 1) attributes[ATTR_DB_OPERATION_BATCH_SIZE] = count
    if (summary === '') return DB_SYSTEM_POSTGRESQL
    attributes[ATTR_DB_QUERY_SUMMARY] = summary
    return summary
  }
}

function recordOf({ text, name, parameters }: QueryCall, { namespace }: Endpoint): DatabaseOperation {
  return { text, name, parameters, namespace }
}

function lateAttributes(waited: number | undefined): Attributes {
  return waited === undefined ? {} : { [ATTR_SPANWRIGHT_DB_WAIT_TIME]: waited }
}

/** Rows that came back, of all statements; undefined when none of them returns rows. */
function returnedRows(result: unknown): number | undefined {
  if (!Array.isArray(result)) return rowsOf(result)
  const counts = result.map(rowsOf).filter(count => count !== undefined)
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count)
}

function rowsOf(result: unknown): number | undefined {
  const { rows, fields } = Object(result) as { rows?: unknown; fields?: unknown }
  return Array.isArray(rows) && Array.isArray(fields) && fields.length > 0 ? rows.length : undefined
}
