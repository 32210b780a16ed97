import type { ClientRequest } from '@spanwright/core'

import { awaitConnection, peerOf, type SentHeaders } from './connection.ts'
import { reasonOf } from './signal.ts'
import { lookUpRaw } from './response-headers.ts'
import type { LegacyHandler, RawHeaders } from './undici-types.ts'

/** Stands before the handler of a traced request and follows the response. For undici 6, and fetch up to 7. */
export class TracedLegacyHandler implements LegacyHandler {
  readonly method: string
  readonly path: string
  /** Absent until the span is started. */
  request: ClientRequest | undefined
  private readonly handler: LegacyHandler
  private readonly signal: unknown
  private wasAborted = false

  constructor(handler: LegacyHandler, method: string, path: string, signal: unknown) {
    this.handler = handler
    this.method = method
    this.path = path
    this.signal = signal
  }

  /** Undici has written the request to a connection. */
  written(sent: SentHeaders): void {
    this.request?.sentTo(peerOf(sent))
  }

  onConnect(abort: (reason?: unknown) => void, context: unknown): unknown {
    awaitConnection(this)
    const abortFromAbove = (reason?: unknown): void => {
      this.wasAborted = true
      abort(reason)
    }
    return this.handler.onConnect?.(abortFromAbove, context)
  }

  onUpgrade(statusCode: number, headers: RawHeaders, socket: unknown): unknown {
    this.request?.responded(statusCode, lookUpRaw(headers))
    this.request?.succeeded()
    return this.handler.onUpgrade?.(statusCode, headers, socket)
  }

  onResponseStarted(): unknown {
    return this.handler.onResponseStarted?.()
  }

  onHeaders(statusCode: number, headers: RawHeaders, resume: () => void, statusText: string): unknown {
    if (statusCode >= 200) this.request?.responded(statusCode, lookUpRaw(headers))
    return this.handler.onHeaders?.(statusCode, headers, resume, statusText)
  }

  onData(chunk: Uint8Array): unknown {
    return this.handler.onData?.(chunk)
  }

  onComplete(trailers: unknown): unknown {
    this.request?.succeeded()
    return this.handler.onComplete?.(trailers)
  }

  onError(error: unknown): unknown {
    this.request?.failed(reasonOf(error, this.signal), this.wasAborted)
    return this.handler.onError?.(error)
  }

  onBodySent(chunk: Uint8Array): unknown {
    return this.handler.onBodySent?.(chunk)
  }

  onRequestSent(): unknown {
    return this.handler.onRequestSent?.()
  }
}
