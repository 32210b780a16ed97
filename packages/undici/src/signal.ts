/**
 * What ended a request. When a signal was faster than the connection, fetch reports an abort without its reason.
 * @param signal what the caller can call the request off with, if it is known
 */
export function reasonOf(error: unknown, signal: unknown): unknown {
  if (typeof signal !== 'object' || signal === null) return error
  const { aborted, reason } = signal as Partial<AbortSignal>
  return aborted && isAbortError(error) ? (reason as unknown) : error
}

function isAbortError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'AbortError'
}
