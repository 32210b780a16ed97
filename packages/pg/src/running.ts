import { type Context, context as contextApi } from '@opentelemetry/api'
import { isThenable, type Operation } from '@spanwright/core'

import { type Callback, callbackOf, type QueryArguments, type QueryCall, withCallback } from './call.ts'
import type { DatabaseOperation } from './options.ts'
import type { QueryTracing } from './query.ts'

/** A method of node-postgres, before it was replaced. */
export type Method = (this: unknown, ...args: never[]) => unknown

/** One call of `query()`, from the call to its callback or the end of its promise. */
export class RunningQuery {
  /** Context of the caller, in which callbacks run. */
  readonly caller: Context
  /** Seconds it waited for a connection of the pool, as soon as it has one. */
  waited: number | undefined
  private readonly tracing: QueryTracing
  private readonly operation: Operation<DatabaseOperation> | undefined

  constructor(tracing: QueryTracing, operation: Operation<DatabaseOperation> | undefined, caller: Context) {
    this.tracing = tracing
    this.operation = operation
    this.caller = caller
  }

  /** True when there is a span. */
  get traced(): boolean {
    return this.operation !== undefined
  }

  /** Makes the call, and ends the span when it is answered. */
  run(original: Method, self: unknown, args: QueryArguments, call: QueryCall): unknown {
    const given = call.callback
      ? withCallback(args, call, endingCallback(this, callbackOf(args, call)))
      : args
    let result: unknown
    try {
      result = Reflect.apply(original, self, given)
    } catch (error) {
      this.fail(error)
      throw error
    }
    if (!this.operation || call.callback) return result
    if (isThenable(result)) return this.follow(result)
    this.succeed(result)
    return result
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

  /** Ends the span of a query that was answered. */
  succeed(result: unknown): void {
    if (this.operation) this.tracing.succeed(this.operation, result, this.waited)
  }

  /** Ends the span of a query that failed. */
  fail(error: unknown): void {
    if (this.operation) this.tracing.fail(this.operation, error, this.waited)
  }
}

/** A callback that ends the span of its query first, and runs in the context of its caller. */
function endingCallback(query: RunningQuery, callback: Callback): Callback {
  return function (this: unknown, ...results: unknown[]): unknown {
    if (results[0]) query.fail(results[0])
    else query.succeed(results[1])
    return contextApi.with(query.caller, callback, this, ...results)
  }
}

/** A callback that runs in a context, whoever calls it. */
export function bindCallback(callback: Callback, context: Context): Callback {
  return function (this: unknown, ...results: unknown[]): unknown {
    return contextApi.with(context, callback, this, ...results)
  }
}
