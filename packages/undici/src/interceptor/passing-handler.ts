import type { LegacyHandler, RawHeaders } from '../undici-types.ts'

/**
 * Presents a handler that undici 7 has adapted in its old form only. Otherwise undici would adapt it again, and convert
 * all headers twice: 4 µs per request (benchmark row: undici.request without an SDK).
 */
export class PassingHandler implements LegacyHandler {
  private readonly handler: LegacyHandler

  constructor(handler: LegacyHandler) {
    this.handler = handler
  }

  onConnect(abort: (reason?: unknown) => void, context: unknown): unknown {
    return this.handler.onConnect?.(abort, context)
  }

  onUpgrade(statusCode: number, headers: RawHeaders, socket: unknown): unknown {
    return this.handler.onUpgrade?.(statusCode, headers, socket)
  }

  onResponseStarted(): unknown {
    return this.handler.onResponseStarted?.()
  }

  onHeaders(statusCode: number, headers: RawHeaders, resume: () => void, statusText: string): unknown {
    return this.handler.onHeaders?.(statusCode, headers, resume, statusText)
  }

  onData(chunk: Uint8Array): unknown {
    return this.handler.onData?.(chunk)
  }

  onComplete(trailers: unknown): unknown {
    return this.handler.onComplete?.(trailers)
  }

  onError(error: unknown): unknown {
    return this.handler.onError?.(error)
  }

  onBodySent(chunk: Uint8Array): unknown {
    return this.handler.onBodySent?.(chunk)
  }

  onRequestSent(): unknown {
    return this.handler.onRequestSent?.()
  }
}
