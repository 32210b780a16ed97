/** The outcome of one request. */
export type Answer =
  /** Accepted, except for the rejected part, with the reason. */
  | { readonly kind: 'accepted'; readonly rejected: number; readonly message: string | undefined }
  /** OTLP allows a retry, after the given milliseconds if the endpoint names a delay. */
  | {
      readonly kind: 'later'
      readonly after: number | undefined
      readonly reason: string
      /** There was no connection. */
      readonly isUnreachable: boolean
    }
  /** Too large for the endpoint. */
  | { readonly kind: 'too large'; readonly reason: string }
  /** A retry would not help. */
  | { readonly kind: 'refused'; readonly reason: string }

/** Sends the bytes of an OTLP request. */
export interface Transport {
  /** Sends one request; never rejects. The answer to an aborted request is ignored. */
  send(parts: readonly Uint8Array[], signal: AbortSignal): Promise<Answer>
  /** Closes its connections. */
  close(): void
}

export function later(reason: string, after?: number): Answer {
  return { kind: 'later', after, reason, isUnreachable: false }
}

export function unreachable(reason: string): Answer {
  return { kind: 'later', after: undefined, reason, isUnreachable: true }
}

export function refused(reason: string): Answer {
  return { kind: 'refused', reason }
}

/** The reason of an error on one line; some Node errors have a code and no message. */
export function reasonOf(error: unknown): string {
  const { message, code, errors } = (error ?? {}) as Partial<Error> & { code?: unknown; errors?: unknown[] }
  // A host with several addresses fails with an error for each of them.
  if (!message && errors && errors.length > 0) return errors.map(reasonOf).join(', ')
  return (message || String(code ?? error)).replaceAll(/\s+/g, ' ').trim()
}
