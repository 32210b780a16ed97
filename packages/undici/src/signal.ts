/**
 * What ended a request. Fetch reports an abort without its reason when the signal was faster than the connection, and
 * so does undici 6 when it ends a body.
 * @param signal what the caller can call the request off with, if it is known
 */
export function reasonOf(error: unknown, signal: unknown): unknown {
  if (typeof signal !== 'object' || signal === null) return error
  const { aborted, reason } = signal as Partial<AbortSignal>
  return aborted && isAbortError(error) ? (reason as unknown) : error
}

/** Whether a fetch call that was ended from above the connection was called off: it also ends when its body fails. */
export function wasFetchCalledOff(signal: unknown, hasResponse: boolean): boolean {
  return hasResponse || (signal as Partial<AbortSignal> | null | undefined)?.aborted === true
}

function isAbortError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'AbortError'
}
