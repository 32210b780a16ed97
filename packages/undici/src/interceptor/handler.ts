import { EVENT_RESPONSE_START } from '@spanwright/core/semconv'
import { guardMethods } from '@spanwright/core/plugin'

import { awaitConnection } from '../process/connection.ts'
import { Follower } from './follower.ts'
import { lookUp } from '../response-headers.ts'
import type { Controller, Handler, ResponseHeaders } from '../undici-types.ts'

/** Replaces the handler of a traced request in undici 7 and 8. */
export class TracedHandler extends Follower<Handler> implements Handler {
  private isHooked = false
  private hasStarted = false

  onRequestStart(controller: Controller, context: unknown): void {
    this.hasStarted = true
    awaitConnection(this)
    this.handler?.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(
    controller: Controller,
    statusCode: number,
    headers: ResponseHeaders,
    socket: unknown,
  ): unknown {
    this.responded(statusCode, headers, lookUp)
    this.succeeded()
    return this.handler?.onRequestUpgrade?.(controller, statusCode, headers, socket)
  }

  onResponseStarted(): unknown {
    this.request?.reached(EVENT_RESPONSE_START)
    return this.handler?.onResponseStarted?.()
  }

  onResponseStart(
    controller: Controller,
    statusCode: number,
    headers: ResponseHeaders,
    statusMessage?: string,
  ): unknown {
    if (statusCode >= 200) this.responded(statusCode, headers, lookUp)
    return this.handler?.onResponseStart?.(controller, statusCode, headers, statusMessage)
  }

  onResponseData(controller: Controller, chunk: Uint8Array): unknown {
    this.request?.receivedBody(chunk?.byteLength)
    const { handler } = this
    const result = handler?.onResponseData?.(controller, chunk)
    if (controller?.paused === true) this.paused(controller, handler)
    return result
  }

  onResponseEnd(controller: Controller, trailers: unknown): unknown {
    this.succeeded()
    return this.handler?.onResponseEnd?.(controller, trailers)
  }

  onResponseError(controller: Controller | null | undefined, error: unknown): unknown {
    // Undici itself aborts a request whose body has failed before it could be sent.
    this.failed(error, this.hasStarted && controller?.aborted === true)
    return this.handler?.onResponseError?.(controller as Controller, error)
  }

  onBodySent(chunk: Uint8Array): unknown {
    this.request?.sentBody(chunk?.byteLength)
    return this.handler?.onBodySent?.(chunk)
  }

  onRequestSent(): unknown {
    return this.handler?.onRequestSent?.()
  }

  /** The handler of `request()` exposes its body; handlers of interceptors do not, and are retained. */
  private paused(controller: Controller, handler: Handler | undefined): void {
    const body = (handler as { res?: unknown } | undefined)?.res
    const resume = controller.resume?.bind(controller)
    if (!body || !resume) return
    this.letGo(body)
    if (this.isHooked) return
    this.isHooked = true
    controller.resume = () => {
      this.takeHold()
      resume()
    }
  }
}

guardMethods('following a response', TracedHandler, 'paused')
