import type { ClientRequest } from '@spanwright/core'

import { awaitConnection, peerOf, type SentHeaders } from './connection.ts'
import { reasonOf } from './signal.ts'
import { lookUp } from './response-headers.ts'
import type { Controller, Handler, ResponseHeaders } from './undici-types.ts'

/** Stands before the handler of a traced request and follows the response. For undici 7 and 8. */
export class TracedHandler implements Handler {
  readonly method: string
  readonly path: string
  /** Absent until the span is started. */
  request: ClientRequest | undefined
  private readonly handler: Handler
  private readonly signal: unknown

  constructor(handler: Handler, method: string, path: string, signal: unknown) {
    this.handler = handler
    this.method = method
    this.path = path
    this.signal = signal
  }

  /** Undici has written the request to a connection. */
  written(sent: SentHeaders): void {
    this.request?.sentTo(peerOf(sent))
  }

  onRequestStart(controller: Controller, context: unknown): void {
    awaitConnection(this)
    this.handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(
    controller: Controller,
    statusCode: number,
    headers: ResponseHeaders,
    socket: unknown,
  ): unknown {
    this.request?.responded(statusCode, lookUp(headers))
    this.request?.succeeded()
    return this.handler.onRequestUpgrade?.(controller, statusCode, headers, socket)
  }

  onResponseStarted(): unknown {
    return this.handler.onResponseStarted?.()
  }

  onResponseStart(
    controller: Controller,
    statusCode: number,
    headers: ResponseHeaders,
    statusMessage?: string,
  ): unknown {
    if (statusCode >= 200) this.request?.responded(statusCode, lookUp(headers))
    return this.handler.onResponseStart?.(controller, statusCode, headers, statusMessage)
  }

  onResponseData(controller: Controller, chunk: Uint8Array): unknown {
    return this.handler.onResponseData?.(controller, chunk)
  }

  onResponseEnd(controller: Controller, trailers: unknown): unknown {
    this.request?.succeeded()
    return this.handler.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Controller | null | undefined, error: unknown): unknown {
    this.request?.failed(reasonOf(error, this.signal), controller?.aborted === true)
    return this.handler.onResponseError?.(controller as Controller, error)
  }

  onBodySent(chunk: Uint8Array): unknown {
    return this.handler.onBodySent?.(chunk)
  }

  onRequestSent(): unknown {
    return this.handler.onRequestSent?.()
  }
}
