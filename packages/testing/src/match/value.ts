import { inspect, isDeepStrictEqual } from 'node:util'

/** A matcher of Jest or Vitest, such as `expect.any(Number)`. */
interface AsymmetricMatcher {
  asymmetricMatch(actual: unknown): boolean
  toAsymmetricMatcher?(): string
}

/**
 * Whether a value matches the expected one: equal, matching a RegExp, accepted by a matcher such as
 * `expect.any(Number)`, or absent when `undefined` is expected.
 */
export function valueMatches(actual: unknown, expected: unknown): boolean {
  if (isAsymmetricMatcher(expected)) return expected.asymmetricMatch(actual)
  if (expected instanceof RegExp) return typeof actual === 'string' && expected.test(actual)
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, index) => valueMatches(actual[index], item))
    )
  }
  return isDeepStrictEqual(actual, expected)
}

/** Formats a value for a failure message. */
export function showValue(value: unknown): string {
  if (value === undefined) return 'absent'
  if (value instanceof RegExp || typeof value === 'function') return String(value)
  if (isAsymmetricMatcher(value)) return value.toAsymmetricMatcher?.() ?? inspect(value)
  return JSON.stringify(value)
}

function isAsymmetricMatcher(value: unknown): value is AsymmetricMatcher {
  return typeof (value as AsymmetricMatcher | null | undefined)?.asymmetricMatch === 'function'
}
