import { isDeepStrictEqual } from 'node:util'

import { type Attributes, type Context, SpanKind } from '@opentelemetry/api'
import {
  ATTR_DB_RESPONSE_RETURNED_ROWS,
  ATTR_DB_STORED_PROCEDURE_NAME,
  ATTR_SPANWRIGHT_DB_WAIT_TIME,
} from '@spanwright/core/semconv'
import {
  attempt,
  decide,
  type Ending,
  type EntryPoint,
  failure,
  guardMethods,
  isObserved,
  Operation,
  Settings,
  spanContextOf,
} from '@spanwright/core/plugin'

import type { QueryCall } from './call.ts'
import { commented } from './comment.ts'
import { Descriptions } from './description.ts'
import { type ConnectionTarget, type Endpoint, endpointOf } from '../connection/endpoint.ts'
import { failureOf } from './failure.ts'
import type { DatabaseOperation, PoolTracingOptions } from '../options.ts'
import { writeParameters } from './parameters.ts'
import { StringSyntax } from '../connection/string-syntax.ts'

/** The operation of a query. */
export type QueryOperation = Operation<DatabaseOperation>

/** Starts and ends query spans, with the options of one `tracePool()` or `traceClient()` call. */
export class QueryTracing {
  readonly settings: Settings<DatabaseOperation, PoolTracingOptions>
  readonly options: PoolTracingOptions
  readonly strings: StringSyntax = new StringSyntax()
  private readonly descriptions: Descriptions
  private endpoint: Endpoint | undefined

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(entry: EntryPoint, given: PoolTracingOptions = {}) {
    this.settings = new Settings<DatabaseOperation, PoolTracingOptions>(entry, given)
    const { options } = this.settings
    this.options = options
    this.descriptions = new Descriptions(this.settings, options, this.strings)
  }

  /** False when queries are not recorded at all. */
  get active(): boolean {
    const { settings, options } = this
    return isObserved(settings, this.descriptions.histogram.prepare()) || Boolean(options.comment)
  }

  /** Describes a resolved target: all connections of a pool with the same target share one endpoint. */
  endpointOf(target: ConnectionTarget): Endpoint {
    const endpoint = endpointOf(target, this.settings.semconv !== 'latest')
    if (!isDeepStrictEqual(endpoint, this.endpoint)) this.endpoint = endpoint
    return this.endpoint ?? endpoint
  }

  /** Starts the span of a query; undefined when it must not be traced. */
  start(call: QueryCall, endpoint: Endpoint, parent: Context): QueryOperation | undefined {
    if (!this.active) return undefined
    const { settings, options } = this
    const record = settings.hasHooks ? recordOf(call, endpoint) : undefined
    if (decide(settings, parent, record) !== 'trace') return undefined
    const { name, attributes: described, duration, showsParameters } = this.descriptions.of(call, endpoint)
    const attributes: Attributes = { ...described }
    if (options.parameters && showsParameters && call.parameters) {
      writeParameters(attributes, call.parameters, options)
    }
    return new Operation(settings, { kind: SpanKind.CLIENT, name, attributes, parent, record, duration })
  }

  /** The text to send instead of the call's own; undefined to send that unchanged. */
  textToSend(call: QueryCall, endpoint: Endpoint, operation: QueryOperation): string | undefined {
    const { comment } = this.options
    // A comment would make a named statement a different statement for each trace.
    if (!comment || call.name !== undefined || call.text === '') return undefined
    const { context, span } = operation
    const record = recordOf(call, endpoint)
    const { traceFlags } = spanContextOf(span)
    const text = commented(this.settings, comment, record, context, traceFlags, this.strings.isStandard)
    return text === call.text ? undefined : text
  }

  /** Ends the span of a query that was answered. */
  succeed(operation: QueryOperation, result: unknown, rows?: number, waited?: number): void {
    this.end(operation, { result }, lateAttributes(rows, waited), rows)
  }

  /** Ends the span of a query that failed, or was never sent. */
  fail(operation: QueryOperation, error: unknown, rows?: number, waited?: number): void {
    const late = lateAttributes(rows, waited)
    const ending = attempt('reading an error', failureOf, error, late) ?? failure(error)
    this.end(operation, ending, late, rows)
  }

  private end(operation: QueryOperation, ending: Ending, late: Attributes, rows: number | undefined): void {
    const { context, ended } = operation
    operation.end(ending, late)
    const { measured } = operation
    if (!measured || ended || rows === undefined) return
    const { [ATTR_DB_STORED_PROCEDURE_NAME]: procedure, ...others } = measured
    this.descriptions.rows.record(rows, procedure === undefined ? measured : others, context)
  }
}

guardMethods('tracing a query', QueryTracing, 'start', 'textToSend')

/** The query record passed to hooks. */
export function recordOf({ text, name, parameters }: QueryCall, { namespace }: Endpoint): DatabaseOperation {
  return { text, name, parameters, namespace }
}

function lateAttributes(rows: number | undefined, waited: number | undefined): Attributes {
  const late: Attributes = {}
  if (rows !== undefined) late[ATTR_DB_RESPONSE_RETURNED_ROWS] = rows
  if (waited !== undefined) late[ATTR_SPANWRIGHT_DB_WAIT_TIME] = waited
  return late
}

/** Number of rows returned by all statements; undefined when none returns rows. */
export function returnedRows(result: unknown): number | undefined {
  if (!Array.isArray(result)) return rowsOf(result)
  const counts = result.map(rowsOf).filter(count => count !== undefined)
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count)
}

function rowsOf(result: unknown): number | undefined {
  const { rows, fields } = Object(result) as { rows?: unknown; fields?: unknown }
  return Array.isArray(rows) && Array.isArray(fields) && fields.length > 0 ? rows.length : undefined
}
