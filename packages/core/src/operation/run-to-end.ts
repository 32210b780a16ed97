import { isThenable, reportFailure } from '../host/guard.ts'
import type { Operation } from './operation.ts'
import { failure, SUCCESS } from './outcome.ts'

/**
 * How {@link runToEnd} ends the operation: exactly one of the two functions is called and ends it. Default for each:
 * plain success or failure.
 */
export interface Settlement<T> {
  succeeded?(result: Awaited<T>): void
  failed?(error: unknown): void
}

/**
 * Runs work in the context of an operation and ends the operation with it: when it returns, throws, or when the promise
 * it returned settles.
 * @returns what the work returned; for a promise, one that settles the same way after the span has ended
 * @throws what the work threw
 */
export function runToEnd<T, Described>(
  operation: Operation<Described>,
  work: () => T,
  settlement: Settlement<T> = DEFAULT,
): T {
  let result: T
  try {
    result = operation.run(work)
  } catch (error) {
    fail(operation, settlement, error)
    throw error
  }
  if (isThenable(result)) return follow(operation, settlement, result) as T
  succeed(operation, settlement, result as Awaited<T>)
  return result
}

function follow<T, Described>(
  operation: Operation<Described>,
  settlement: Settlement<T>,
  result: PromiseLike<unknown>,
): PromiseLike<unknown> {
  const onSuccess = (value: unknown): unknown => {
    succeed(operation, settlement, value as Awaited<T>)
    return value
  }
  const onFailure = (error: unknown): never => {
    fail(operation, settlement, error)
    throw error
  }
  // Outside the span's context, which a promise created within would retain.
  if (isOwnPromise(result)) return result.then(onSuccess, onFailure)
  try {
    // A thenable may start its work only now. If it isn't a promise, `then` may not return one either.
    return operation.run(() =>
      (canCatch(result) ? result : Promise.resolve(result)).then(onSuccess, onFailure),
    )
  } catch (error) {
    return onFailure(error)
  }
}

/** Also false for a proxy that throws when read. */
function isOwnPromise(result: unknown): boolean {
  try {
    return result instanceof Promise
  } catch {
    return false
  }
}

function canCatch(result: object): boolean {
  try {
    return 'catch' in result
  } catch {
    return false
  }
}

function succeed<T, Described>(
  operation: Operation<Described>,
  settlement: Settlement<T>,
  result: Awaited<T>,
): void {
  try {
    settlement.succeeded?.(result)
  } catch (error) {
    reportFailure('settling an operation', error)
  }
  operation.end(SUCCESS)
}

function fail<T, Described>(
  operation: Operation<Described>,
  settlement: Settlement<T>,
  error: unknown,
): void {
  try {
    settlement.failed?.(error)
  } catch (fault) {
    reportFailure('settling an operation', fault)
  }
  if (!operation.ended) operation.end(failure(error))
}

const DEFAULT: Settlement<never> = {}
