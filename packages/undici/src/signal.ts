/**
 * The reason a request ended. Fetch reports an abort without its reason when the signal fires before the connection is
 * open, and so does undici 6 when it ends a body.
 * @param signal the caller's abort signal, if known
 */
export function reasonOf(error: unknown, signal: unknown): unknown {
  if (typeof signal !== 'object' || signal === null) return error
  const { aborted, reason } = signal as Partial<AbortSignal>
  return aborted && isAbortError(error) ? (reason as unknown) : error
}

/** Whether a fetch call that ended above the connection was cancelled: it also ends that way when its body fails. */
export function wasFetchCalledOff(signal: unknown, hasResponse: boolean): boolean {
  return hasResponse || (signal as Partial<AbortSignal> | null | undefined)?.aborted === true
}

function isAbortError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'AbortError'
}
