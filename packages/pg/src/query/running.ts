import { type Context, context as contextApi, createContextKey } from '@opentelemetry/api'
import { attempt, contextWithValue, guardMethods, isThenable } from '@spanwright/core/plugin'

import {
  type Callback,
  callbackOf,
  isSameCall,
  type QueryArguments,
  type QueryCall,
  readCall,
  replaceIn,
} from './call.ts'
import type { Endpoint } from '../connection/endpoint.ts'
import { withholdUnknown } from './failure.ts'
import { type QueryOperation, type QueryTracing, returnedRows } from './tracing.ts'

/** An original method of node-postgres. */
export type Method = (this: unknown, ...args: never[]) => unknown

/** Called with the outcome of a query. */
export type Watcher = (error: unknown, result: unknown) => void

/** The pool's call of `query()` that the active context is part of. */
const RUNNING = createContextKey('spanwright.pool-query')

/** The unanswered pool call of `query()` that a context belongs to. */
export function runningIn(context: Context, tracing: QueryTracing): RunningQuery | undefined {
  const running = context.getValue(RUNNING) as RunningQuery | undefined
  return running?.isOf(tracing) ? running : undefined
}

/** One call of `query()`, until its callback is called or its promise settles. */
export class RunningQuery {
  /** The caller's context, in which callbacks run. */
  readonly caller: Context
  /** Seconds it waited for a connection of the pool, once it has one. */
  waited: number | undefined
  private readonly tracing: QueryTracing
  private readonly operation: QueryOperation | undefined
  private readonly call: QueryCall
  /** The call as sent, possibly with a comment. */
  private sent: QueryCall
  private readonly endpoint: Endpoint
  private watcher: Watcher | undefined
  private over = false

  /** Starts the span, under an enclosing transaction or checkout if there is one, otherwise under the caller. */
  constructor(
    tracing: QueryTracing,
    call: QueryCall,
    endpoint: Endpoint,
    caller: Context,
    parent: Context = caller,
  ) {
    this.tracing = tracing
    this.call = this.sent = call
    this.endpoint = endpoint
    this.caller = caller
    this.operation = tracing.start(call, endpoint, parent)
  }

  /** True when there is a span. */
  get traced(): boolean {
    return this.operation !== undefined
  }

  /** Calls a watcher at the end. */
  watch(watcher: Watcher): void {
    this.watcher = watcher
  }

  /** Makes the call, and ends the span when it is answered. */
  run(original: Method, self: unknown, args: QueryArguments): unknown {
    let result: unknown
    try {
      result = Reflect.apply(original, self, this.toSend(args) ?? args)
    } catch (error) {
      this.fail(error)
      throw error
    }
    if (this.call.callback || !(this.operation || this.watcher || this.tracing.active)) return result
    if (isThenable(result)) return this.follow(result)
    this.succeed(result)
    return result
  }

  /**
   * Makes the call like {@link run}, and marks the context so that everything the pool does for it is known to be part
   * of it.
   */
  runWithin(original: Method, self: unknown, args: QueryArguments): unknown {
    const within = contextWithValue(this.caller, RUNNING, this)
    return contextApi.with(within, run, undefined, this, original, self, args)
  }

  /** True while the query is unanswered and traced by the same options. */
  isOf(tracing: QueryTracing): boolean {
    return !this.over && this.tracing === tracing
  }

  /** True when a call of a client sends this query. */
  isSentBy(args: QueryArguments): boolean {
    const call = readCall(args, false)
    return call !== undefined && isSameCall(call, this.sent)
  }

  /** Ends the span of a successful query. */
  succeed(result: unknown, counted?: number): void {
    this.over = true
    const { watcher } = this
    const rows = counted ?? (this.operation && attempt('counting rows', returnedRows, result))
    if (this.operation) this.tracing.succeed(this.operation, result, rows, this.waited)
    this.watcher = undefined
    watcher?.(undefined, result)
  }

  /** Ends the span of a query that failed. */
  fail(error: unknown, rows?: number): void {
    this.over = true
    const { watcher } = this
    if (this.operation) this.tracing.fail(this.operation, error, rows, this.waited)
    // An enclosing span may record the error too.
    else withholdUnknown(error)
    this.watcher = undefined
    watcher?.(error, undefined)
  }

  /** @returns undefined to send the arguments unchanged */
  private toSend(args: QueryArguments): QueryArguments | undefined {
    const { call, operation } = this
    const text = operation && this.tracing.textToSend(call, this.endpoint, operation)
    if (text !== undefined) this.sent = { ...call, text }
    const callback = call.callback && endingCallback(this, callbackOf(args, call))
    return text === undefined && !callback ? args : replaceIn(args, call, { text, callback })
  }

  private follow(promise: PromiseLike<unknown>): PromiseLike<unknown> {
    return promise.then(
      result => {
        this.succeed(result)
        return result
      },
      (error: unknown) => {
        this.fail(error)
        throw error
      },
    )
  }
}

function run(query: RunningQuery, original: Method, self: unknown, args: QueryArguments): unknown {
  return query.run(original, self, args)
}

guardMethods('following a query', RunningQuery, 'succeed', 'fail', 'toSend')

/** A callback that ends the span of its query first, and runs in the context of its caller. */
function endingCallback(query: RunningQuery, callback: Callback): Callback {
  return function (this: unknown, ...results: unknown[]): unknown {
    if (results[0]) query.fail(results[0])
    else query.succeed(results[1])
    return contextApi.with(query.caller, callback, this, ...results)
  }
}
