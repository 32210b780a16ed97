import { type Attributes, type Context, SpanKind } from '@opentelemetry/api'
import {
  ATTR_SPANWRIGHT_DB_TRANSACTION_IDLE_TIME,
  ATTR_SPANWRIGHT_DB_TRANSACTION_OUTCOME,
  ATTR_SPANWRIGHT_DB_TRANSACTION_STATEMENTS,
} from '@spanwright/core/semconv'
import { attempt, decide, guardMethods, Operation, SUCCESS } from '@spanwright/core/plugin'

import type { QueryCall } from '../query/call.ts'
import type { Endpoint } from './endpoint.ts'
import { failureOf, isServerError } from '../query/failure.ts'
import type { DatabaseOperation } from '../options.ts'
import { type QueryTracing, recordOf } from '../query/tracing.ts'

/** The role of a query in its transaction. */
type Role = 'begin' | 'commit' | 'rollback' | undefined

/** The connection, as an emitter of its end. */
interface Connection {
  once?(event: 'end', listener: () => void): unknown
  removeListener?(event: 'end', listener: () => void): unknown
}

/** One transaction of a client, from `BEGIN` to its end. */
export class Transaction {
  readonly operation: Operation<DatabaseOperation>
  private readonly connection: Connection
  private statements = 0
  private underWay = 0
  private idleSince = 0
  private idleMs = 0
  private readonly lost = (): void => this.end('abandoned')

  private constructor(tracing: QueryTracing, endpoint: Endpoint, parent: Context, connection: Connection) {
    this.connection = connection
    this.operation = new Operation(tracing.settings, {
      kind: SpanKind.INTERNAL,
      name: 'transaction',
      attributes: { ...endpoint.place },
      parent,
    })
    attempt('following a connection', () => connection.once?.('end', this.lost))
  }

  /** Starts a transaction at its `BEGIN`; undefined when that is not traced. */
  static start(
    tracing: QueryTracing,
    call: QueryCall,
    endpoint: Endpoint,
    parent: Context,
    connection: Connection,
  ): Transaction | undefined {
    const { settings } = tracing
    if (!settings.hasTracerProvider) return undefined
    const record = settings.hasHooks ? recordOf(call, endpoint) : undefined
    if (decide(settings, parent, record) !== 'trace') return undefined
    return new Transaction(tracing, endpoint, parent, connection)
  }

  get ended(): boolean {
    return this.operation.ended
  }

  /** A query of the transaction was sent. */
  enter(role: Role): void {
    if (!role) this.statements++
    if (this.underWay === 0 && this.idleSince) this.idleMs += performance.now() - this.idleSince
    this.underWay++
  }

  /** A query of the transaction was answered. */
  leave(role: Role, error: unknown, result: unknown): void {
    this.underWay--
    if (this.underWay === 0) this.idleSince = performance.now()
    if (role === 'begin' && error !== undefined) this.end('abandoned', error)
    else if (role === 'commit') this.end(outcomeOf(result, error), error)
    else if (role === 'rollback') this.end('rollback', error)
  }

  /** Ends the span. Only the first call counts. */
  end(outcome: 'commit' | 'rollback' | 'abandoned', error?: unknown): void {
    if (this.ended) return
    attempt('following a connection', () => this.connection.removeListener?.('end', this.lost))
    if (this.underWay === 0 && this.idleSince) this.idleMs += performance.now() - this.idleSince
    const late: Attributes = {
      [ATTR_SPANWRIGHT_DB_TRANSACTION_OUTCOME]: outcome,
      [ATTR_SPANWRIGHT_DB_TRANSACTION_STATEMENTS]: this.statements,
      [ATTR_SPANWRIGHT_DB_TRANSACTION_IDLE_TIME]: this.idleMs / 1000,
    }
    this.operation.end(error === undefined ? SUCCESS : failureOf(error, late), late)
  }
}

guardMethods('following a transaction', Transaction, 'enter', 'leave', 'end')

/**
 * The outcome of a `COMMIT`: in a failed transaction the server rolls back and reports that. Without a response the
 * outcome is unknown.
 */
function outcomeOf(result: unknown, error: unknown): 'commit' | 'rollback' | 'abandoned' {
  if (error !== undefined) return isServerError(error) ? 'rollback' : 'abandoned'
  const results: unknown[] = Array.isArray(result) ? result : [result]
  const ending = results.map(commandOf).findLast(command => command === 'COMMIT' || command === 'ROLLBACK')
  return ending === 'ROLLBACK' ? 'rollback' : 'commit'
}

function commandOf(result: unknown): unknown {
  return (Object(result) as { command?: unknown }).command
}
