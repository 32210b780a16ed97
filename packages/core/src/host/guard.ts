import type { Attributes } from '@opentelemetry/api'

import { say } from './diagnostics.ts'

// The code called here is not ours: hooks, spans, propagators, samplers, objects of libraries. Whatever it throws is
// reported to `diag`, and the application continues as if it were not traced.

/** Reports a failure of telemetry itself, to `diag` only. */
export function reportFailure(what: string, error: unknown): void {
  say('error', `spanwright: ${what} failed`, error)
}

/**
 * Calls a function so that nothing it throws reaches the application.
 * @param what the action, for the report: `reading a message`
 * @returns its result; `undefined` when it threw
 */
export function attempt<A extends readonly unknown[], T>(
  what: string,
  work: (...args: A) => T,
  ...args: A
): T | undefined {
  try {
    return work(...args)
  } catch (error) {
    reportFailure(what, error)
    return undefined
  }
}

/**
 * Returns a function that does the same and never throws, to pass to a channel, an emitter or a promise.
 * @param what the action, for the report
 */
export function guarded<This, A extends unknown[], T>(
  what: string,
  work: (this: This, ...args: A) => T,
): (this: This, ...args: A) => T | undefined {
  return function guardedCall(this: This, ...args: A): T | undefined {
    try {
      return work.apply(this, args)
    } catch (error) {
      reportFailure(what, error)
      return undefined
    }
  }
}

/**
 * Replaces methods of one of our classes with versions that never throw, for methods that objects of other code call
 * during the application's own calls. They return `undefined` when they fail.
 * @param what the action, for the report: `following a request`
 */
export function guardMethods(
  what: string,
  { prototype }: { readonly prototype: object },
  ...names: readonly string[]
): void {
  for (const name of names) {
    const method = (prototype as Record<string, (...args: unknown[]) => unknown>)[name]
    if (!method) throw new TypeError(`there is no method ${name} to guard`)
    Object.defineProperty(prototype, name, {
      value: guarded(what, method),
      configurable: true,
      writable: true,
    })
  }
}

/**
 * Calls a user's hook so that its failures never reach the application: a throw, or the rejection of an async hook, is
 * reported to `diag` and `undefined` is returned.
 * @returns the hook's result; `undefined` for a promise, because its value would come too late
 */
export function callHook<A extends readonly unknown[], T>(
  name: string,
  hook: (...args: A) => T,
  ...args: A
): T | undefined {
  try {
    const result = hook(...args)
    if (!isThenable(result)) return result
    result.then(undefined, (error: unknown) => reportFailure(`hook ${name}`, error))
  } catch (error) {
    reportFailure(`hook ${name}`, error)
  }
  return undefined
}

/** Calls a user's hook like {@link callHook}, and adds the attributes it returns to `attributes`. */
export function addFromHook<A extends readonly unknown[]>(
  attributes: Attributes,
  name: string,
  hook: (...args: A) => Attributes | undefined,
  ...args: A
): void {
  const answer = callHook(name, hook, ...args)
  if (typeof answer !== 'object') return
  try {
    Object.assign(attributes, answer)
  } catch (error) {
    reportFailure(`hook ${name}`, error)
  }
}

/** True when a value can be awaited; false for an object that throws when it is inspected. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}
