import type { Attributes } from '@opentelemetry/api'

import { say } from './diagnostics.ts'

// What is called here is not ours: hooks, spans, propagators, samplers, objects of libraries. Whatever it throws is
// reported to `diag`, and the application goes on as if it were not traced.

/** Reports a failure of telemetry itself: to `diag`, and nowhere else. */
export function reportFailure(what: string, error: unknown): void {
  say('error', `spanwright: ${what} failed`, error)
}

/**
 * Calls a function so that nothing it throws reaches the application.
 * @param what is done, for the report: `reading a message`
 * @returns what it returned; `undefined` when it threw
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
 * A function that does the same and never throws, to be handed to a channel, an emitter or a promise.
 * @param what it does, for the report
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
 * Has methods of a class of ours never throw: those that are told what happens to the application's own calls, by
 * objects that are not ours. They return nothing when they fail.
 * @param what they do, for the report: `following a request`
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
 * Calls a user's hook so that nothing it does reaches the application: a throw, or the rejection of an
 * async hook, is reported to `diag`, and `undefined` comes back.
 * @returns what the hook returned; `undefined` for a promise, which comes too late to be an answer
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

/** Calls a user's hook as {@link callHook} does, and adds the attributes it answers with to others. */
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

/** True when a value can be awaited. An object that does not even let itself be asked cannot. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    return false
  }
}
