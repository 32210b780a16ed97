import { isError } from '../../operation/errors/kind.ts'
import type { Ending } from '../../operation/outcome.ts'
import type { ResponseProgress } from './response/progress.ts'

/** The thrown value, boxed because any value can be thrown. */
export type Thrown = { readonly value: unknown } | undefined

/**
 * Determines how a request ended from its closed response.
 * @param thrown the last error that reached the framework
 */
export function endingOf(response: ResponseProgress, thrown: Thrown): Ending {
  if (!response.isComplete) return brokenOff(response, thrown)
  const { statusCode = response.res.statusCode } = response
  if (statusCode >= 500) {
    return thrown
      ? { failed: true, thrown, statusCode }
      : { failed: true, errorType: String(statusCode), statusCode }
  }
  return thrown && isFault(thrown.value) ? { thrown, statusCode } : { statusCode }
}

/**
 * True for an error that gets an event even when the request doesn't fail: it is neither a response nor the client's
 * mistake.
 */
export function isFault(thrown: unknown): boolean {
  return isError(thrown) && !isMeantForClient(thrown)
}

/**
 * True when a thrown value decides the outcome. The last error does, but a framework may pass on the response it
 * created from an error.
 */
export function decides(thrown: unknown, before: Thrown): boolean {
  return !before || (before.value !== thrown && (isError(thrown) || !isError(before.value)))
}

/** The ending of a request whose process ends before its response. */
export function unfinished(response: ResponseProgress): Ending {
  return { failed: true, errorType: 'unfinished', ...sentStatus(response) }
}

/** The response was not fully sent: because of an application error, or because the client disconnected. */
function brokenOff(response: ResponseProgress, thrown: Thrown): Ending {
  const { error } = response
  const reason = thrown ?? (error === undefined ? undefined : { value: error })
  return {
    failed: true,
    ...(reason ? { thrown: reason } : { errorType: 'ECONNRESET' }),
    ...sentStatus(response),
  }
}

function sentStatus({ statusCode }: ResponseProgress): { readonly statusCode?: number } {
  return statusCode === undefined ? {} : { statusCode }
}

/** True for an error that describes the client's mistake: it is a response, not a failure. */
export function isMeantForClient(error: unknown): boolean {
  if (error === null || typeof error !== 'object') return false
  try {
    const { status, statusCode = status } = error as { status?: unknown; statusCode?: unknown }
    return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  } catch {
    return false
  }
}
