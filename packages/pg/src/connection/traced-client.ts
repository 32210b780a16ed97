import { type Context, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { attempt, guardMethods, spanContextOf, traceOf } from '@spanwright/core/plugin'

import {
  type Callback,
  isSubmittable,
  type QueryArguments,
  type QueryCall,
  readCall,
  readSubmittable,
  type Submittable,
} from '../query/call.ts'
import type { Checkout } from '../pool/checkout.ts'
import { isUnconnected } from './dropped-queries.ts'
import type { ConnectionTarget, Endpoint } from './endpoint.ts'
import type { QueryTracing } from '../query/tracing.ts'
import { type Method, runningIn, RunningQuery } from '../query/running.ts'
import { statementOf } from '../sql/statement.ts'
import { SubmittedQuery } from '../query/submitted.ts'
import { Transaction } from './transaction.ts'

/** The tracing state of a client. */
export class TracedClient {
  readonly endpoint: Endpoint
  /** True while the pool makes its own call of `query()`, which already has a span, or must have none. */
  claimed = false
  /** The current checkout, between `connect()` and `release()`. */
  checkout: Checkout | undefined
  private readonly client: object
  private readonly tracing: QueryTracing
  private transaction: Transaction | undefined
  private submitted: Set<SubmittedQuery> | undefined
  /** Queries called before `connect()`. */
  private unsent: Set<RunningQuery> | undefined

  constructor(client: object, tracing: QueryTracing) {
    this.client = client
    this.tracing = tracing
    this.endpoint = attempt('reading a client', endpointOfClient, client, tracing) ?? tracing.endpointOf({})
  }

  /**
   * True when a call of `query()` is left alone: it is not observed, and there is no context to keep for its callback.
   */
  leaves(caller: Context): boolean {
    return caller === ROOT_CONTEXT && !this.tracing.active
  }

  /** True when a call of `query()` is part of the pool's own `query()`, which has a span. */
  isPartOfAnother(caller: Context, args: QueryArguments): boolean {
    return runningIn(caller, this.tracing)?.isSentBy(args) ?? false
  }

  /** Makes a call of `query()` with its own span. */
  query(original: Method, self: unknown, args: QueryArguments, caller: Context): unknown {
    const running = this.prepare(args, caller)
    if (!running) return Reflect.apply(original, self, args)
    const [config] = args
    return isSubmittable(config)
      ? this.submit(original, self, args, config, running)
      : running.run(original, self, args)
  }

  /** @returns undefined when the call is left alone */
  private prepare(args: QueryArguments, caller: Context): RunningQuery | undefined {
    const [config] = args
    const call = isSubmittable(config) ? readSubmittable(config) : this.withText(readCall(args, false))
    const running = call && this.start(call, caller)
    if (running && isUnconnected(this.client)) {
      this.unsent ??= new Set()
      this.unsent.add(running)
    }
    return running
  }

  /** Calls a function of the pool that makes its own call of `query()`. */
  claim(callback: Callback, self: unknown, results: ArrayLike<unknown>): unknown {
    this.claimed = true
    try {
      return Reflect.apply(callback, self, results)
    } finally {
      this.claimed = false
    }
  }

  /** `connect()` was called: queries waiting for it will be answered. */
  connects(): void {
    this.unsent = undefined
  }

  /** The client ended without having been connected: it answers none of its queries. */
  drop(error: Error): void {
    for (const submitted of this.submitted ?? []) submitted.fail(error)
    for (const running of this.unsent ?? []) if (running.isOf(this.tracing)) running.fail(error)
    this.unsent = undefined
  }

  /** The client returns to its pool: ends everything it left open. */
  release(): void {
    this.transaction?.end('abandoned')
    this.transaction = undefined
    for (const submitted of this.submitted ?? []) submitted.end()
    this.checkout?.end()
    this.checkout = undefined
  }

  private start(call: QueryCall, caller: Context): RunningQuery {
    const { tracing, endpoint } = this
    if (!tracing.options.transactions) {
      return new RunningQuery(tracing, call, endpoint, caller, this.enclose(caller))
    }
    const { control } = statementOf(call.text, tracing.strings.isStandard)
    if (this.transaction?.ended) this.transaction = undefined
    const ends = this.transaction && control?.ends
    if (control?.begins && !ends) this.transaction ??= this.begin(call, caller)
    const running = new RunningQuery(tracing, call, endpoint, caller, this.enclose(caller))
    const { transaction } = this
    const role = ends ?? (control?.begins ? 'begin' : undefined)
    // Queries sent after the end of a transaction aren't part of it, even when that end has not been answered yet.
    if (ends) this.transaction = undefined
    const next = ends && control?.begins ? (this.transaction = this.begin(call, caller)) : undefined
    if (!transaction) return running
    transaction.enter(role)
    next?.enter('begin')
    running.watch((error, result) => {
      transaction.leave(role, error, result)
      next?.leave('begin', error, result)
    })
    return running
  }

  private begin(call: QueryCall, caller: Context): Transaction | undefined {
    return Transaction.start(this.tracing, call, this.endpoint, this.enclose(caller), this.client)
  }

  /** The context of the transaction or checkout that a query belongs to, unless the query belongs to another trace. */
  private enclose(caller: Context): Context {
    const operation = this.transaction?.operation ?? this.checkout?.operation
    if (!operation || operation.ended) return caller
    const active = traceOf(caller)
    const { span } = operation
    return active && active.traceId !== spanContextOf(span).traceId ? caller : trace.setSpan(caller, span)
  }

  private submit(
    original: Method,
    self: unknown,
    args: QueryArguments,
    submittable: Submittable,
    running: RunningQuery,
  ): unknown {
    const submitted = this.followSubmittable(submittable, running)
    try {
      return Reflect.apply(original, self, args)
    } catch (error) {
      if (submitted) submitted.fail(error)
      else running.fail(error)
      throw error
    } finally {
      // A submittable that cannot be followed ends its span now.
      if (!submitted) running.succeed(undefined)
    }
  }

  private followSubmittable(submittable: Submittable, running: RunningQuery): SubmittedQuery | undefined {
    const submitted = new SubmittedQuery(submittable, running, () => this.submitted?.delete(submitted))
    this.submitted ??= new Set()
    this.submitted.add(submitted)
    return submitted
  }

  /** A named statement may be called by its name only, once the server has its text. */
  private withText(call: QueryCall | undefined): QueryCall | undefined {
    if (!call || call.text !== '' || call.name === undefined) return call
    const { connection } = this.client as { connection?: { parsedStatements?: Record<string, unknown> } }
    const text = connection?.parsedStatements?.[call.name]
    return typeof text === 'string' ? { ...call, text } : call
  }
}

guardMethods('tracing a query', TracedClient, 'prepare', 'followSubmittable', 'release')

function endpointOfClient(client: object, tracing: QueryTracing): Endpoint {
  const { host, port, database, user, connectionParameters } = client as ConnectionTarget & {
    readonly connectionParameters?: { readonly options?: unknown }
  }
  const target = { host, port, database, user, options: connectionParameters?.options }
  return tracing.endpointOf(target)
}
