import { type Attributes, diag } from '@opentelemetry/api'

/** Reports a failure of telemetry itself: to `diag`, and nowhere else. */
export function reportFailure(what: string, error: unknown): void {
  try {
    diag.error(`spanwright: ${what} failed`, error)
  } catch {
    // A diag logger that throws is telemetry too.
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
