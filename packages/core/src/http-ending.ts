import type { ServerAnswer } from './http-framework.ts'
import { type Ending, isMeantForClient } from './outcome.ts'

/** What was thrown, boxed because anything can be thrown. */
type Thrown = { readonly value: unknown } | undefined

/**
 * How a request ended, told from its closed response.
 * @param thrown the last error that reached the framework
 */
export function endingOf(res: ServerAnswer, thrown: Thrown): Ending {
  if (!isComplete(res)) return brokenOff(res, thrown)
  const { statusCode } = res
  if (statusCode >= 500) {
    return thrown
      ? { failed: true, thrown, statusCode }
      : { failed: true, errorType: String(statusCode), statusCode }
  }
  return thrown && !isMeantForClient(thrown.value) ? { thrown, statusCode } : { statusCode }
}

/** A request that is ended before its response, because the process is. */
export function unfinished(res: ServerAnswer): Ending {
  return { failed: true, errorType: 'unfinished', ...sentStatus(res) }
}

/** True when nothing will be emitted any more: the client was gone before tracing began. */
export function isClosed(res: ServerAnswer): boolean {
  return 'stream' in res ? res.stream.closed : res.closed
}

/** The response was not sent to its end: by an error of the application, or because the client was gone. */
function brokenOff(res: ServerAnswer, thrown: Thrown): Ending {
  const errored = (res as { readonly errored?: unknown }).errored
  const reason = thrown ?? (errored === null || errored === undefined ? undefined : { value: errored })
  return {
    failed: true,
    ...(reason ? { thrown: reason } : { errorType: 'ECONNRESET' }),
    ...sentStatus(res),
  }
}

function sentStatus(res: ServerAnswer): { readonly statusCode?: number } {
  return res.headersSent ? { statusCode: res.statusCode } : {}
}

/** True when everything was handed to the operating system. */
function isComplete(res: ServerAnswer): boolean {
  return 'stream' in res ? res.stream.rstCode === 0 && !res.stream.aborted : res.writableFinished
}
