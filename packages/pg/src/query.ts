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
  type EntryPoint,
  LateHistogram,
  METRIC_DB_CLIENT_OPERATION_DURATION,
  METRIC_DB_CLIENT_RESPONSE_RETURNED_ROWS,
  Operation,
  pickAttributes,
  Settings,
} from '@spanwright/core'

import type { QueryCall } from './call.ts'
import { commented } from './comment.ts'
import type { Endpoint } from './endpoint.ts'
import { failureOf } from './failure.ts'
import type { DatabaseOperation, PoolTracingOptions } from './options.ts'
import { writeParameters } from './parameters.ts'
import { statementOf } from './sql/statement.ts'

/** Starts and ends the spans of queries, by the options of one `tracePool()` or `traceClient()`. */
export class QueryTracing {
  readonly settings: Settings<DatabaseOperation>
  readonly options: PoolTracingOptions
  private readonly duration: {
    readonly histogram: LateHistogram<DatabaseOperation>
    readonly keys: readonly string[]
  }
  private readonly rows: LateHistogram<DatabaseOperation>
  private readonly measuresSummary: boolean

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(entry: EntryPoint, options: PoolTracingOptions = {}) {
    this.settings = new Settings<DatabaseOperation>(entry, options)
    this.options = options
    const { metrics } = options
    this.measuresSummary = typeof metrics === 'object' && metrics.querySummary === true
    const keys = this.measuresSummary
      ? [...DB_METRIC_ATTRIBUTES, ATTR_DB_QUERY_SUMMARY]
      : DB_METRIC_ATTRIBUTES
    this.duration = { histogram: new LateHistogram(this.settings, METRIC_DB_CLIENT_OPERATION_DURATION), keys }
    this.rows = new LateHistogram(this.settings, METRIC_DB_CLIENT_RESPONSE_RETURNED_ROWS)
  }

  /** False when nobody would see anything of a query. */
  get active(): boolean {
    const { settings, options } = this
    return (
      settings.hasTracerProvider ||
      settings.hasHooks ||
      this.duration.histogram.enabled ||
      Boolean(options.comment)
    )
  }

  /** Starts the span of a query; undefined when it is not to be traced. */
  start(call: QueryCall, endpoint: Endpoint, parent: Context): Operation<DatabaseOperation> | undefined {
    if (!this.active) return undefined
    const { settings, duration } = this
    const record = settings.hasHooks ? recordOf(call, endpoint) : undefined
    if (decide(settings, parent, record) !== 'trace') return undefined
    const attributes: Attributes = { ...endpoint.attributes }
    const name = this.describe(call, attributes)
    return new Operation(settings, { kind: SpanKind.CLIENT, name, attributes, parent, record, duration })
  }

  /** The text to send in place of the one of the call; undefined to send that. */
  textToSend(
    call: QueryCall,
    endpoint: Endpoint,
    operation: Operation<DatabaseOperation>,
  ): string | undefined {
    const { comment } = this.options
    // A comment on a named statement would make it another statement for each trace.
    if (!comment || call.name !== undefined || call.text === '') return undefined
    const { context, span } = operation
    const record = recordOf(call, endpoint)
    const text = commented(this.settings, comment, record, context, span.spanContext().traceFlags)
    return text === call.text ? undefined : text
  }

  /** Ends the span of a query that was answered. */
  succeed(operation: Operation<DatabaseOperation>, result: unknown, rows?: number, waited?: number): void {
    const late = lateAttributes(rows, waited)
    if (rows !== undefined) this.recordRows(operation, rows)
    operation.end({ result }, late)
  }

  /** Ends the span of a query that failed, or was never sent. */
  fail(operation: Operation<DatabaseOperation>, error: unknown, rows?: number, waited?: number): void {
    const late = lateAttributes(rows, waited)
    operation.end(failureOf(error, this.options.errorMessages === 'raw', late), late)
  }

  private recordRows(operation: Operation<DatabaseOperation>, rows: number): void {
    if (operation.ended || !this.rows.enabled) return
    this.rows.record(rows, pickAttributes(operation.attributes, this.duration.keys), operation.context)
  }

  /** Writes what the text tells, and returns the name of the span. */
  private describe({ text, parameters }: QueryCall, attributes: Attributes): string {
    const { settings, options } = this
    const { hasTracerProvider } = settings
    if (!hasTracerProvider && !this.measuresSummary) return DB_SYSTEM_POSTGRESQL
    const hasValues = parameters !== undefined && parameters.length > 0
    const { summary, masked, count } = statementOf(text)
    if (options.queryText !== 'off' && text !== '') {
      // A text that takes values has them elsewhere, and stays as its author wrote it.
      attributes[ATTR_DB_QUERY_TEXT] = hasValues || options.queryText === 'raw' ? text : masked
    }
    if (count > 1) attributes[ATTR_DB_OPERATION_BATCH_SIZE] = count
    else if (hasValues && options.parameters) writeParameters(attributes, parameters, options)
    if (summary === '') return DB_SYSTEM_POSTGRESQL
    attributes[ATTR_DB_QUERY_SUMMARY] = summary
    return summary
  }
}

/** What hooks are shown of a query. */
export function recordOf({ text, name, parameters }: QueryCall, { namespace }: Endpoint): DatabaseOperation {
  return { text, name, parameters, namespace }
}

function lateAttributes(rows: number | undefined, waited: number | undefined): Attributes {
  const late: Attributes = {}
  if (rows !== undefined) late[ATTR_DB_RESPONSE_RETURNED_ROWS] = rows
  if (waited !== undefined) late[ATTR_SPANWRIGHT_DB_WAIT_TIME] = waited
  return late
}

/** Rows that came back, of all statements; undefined when none of them returns rows. */
export function returnedRows(result: unknown): number | undefined {
  if (!Array.isArray(result)) return rowsOf(result)
  const counts = result.map(rowsOf).filter(count => count !== undefined)
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count)
}

function rowsOf(result: unknown): number | undefined {
  const { rows, fields } = Object(result) as { rows?: unknown; fields?: unknown }
  return Array.isArray(rows) && Array.isArray(fields) && fields.length > 0 ? rows.length : undefined
}
