import { diag } from '@opentelemetry/api'

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
 */
export function callHook<A extends readonly unknown[], T>(
  name: string,
  hook: (...args: A) => T,
  ...args: A
): T | undefined {
  try {
    const result = hook(...args)
    if (isThenable(result)) {
      result.then(undefined, (error: unknown) => reportFailure(`hook ${name}`, error))
    }
    return result
  } catch (error) {
    reportFailure(`hook ${name}`, error)
    return undefined
  }
}

/** True when a value can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
