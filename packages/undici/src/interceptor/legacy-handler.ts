import { EVENT_RESPONSE_START } from '@spanwright/core/semconv'
import { guardMethods } from '@spanwright/core/plugin'

import { awaitConnection } from '../process/connection.ts'
import { Follower } from './follower.ts'
import { lookUpRaw } from '../response-headers.ts'
import type { LegacyHandler, RawHeaders } from '../undici-types.ts'

/** Replaces the handler of a traced request in undici 6, and handlers that 7 adapts from its form. */
export class TracedLegacyHandler extends Follower<LegacyHandler> implements LegacyHandler {
  private wasAborted = false
  /** The stream that resumed the response. */
  private body: WeakRef<object> | undefined

  onConnect(abort: (reason?: unknown) => void, context: unknown): unknown {
    awaitConnection(this)
    const abortFromAbove = (reason?: unknown): void => {
      this.wasAborted = true
      abort(reason)
    }
    return this.handler?.onConnect?.(abortFromAbove, context)
  }

  onUpgrade(statusCode: number, headers: RawHeaders, socket: unknown): unknown {
    this.responded(statusCode, headers, lookUpRaw)
    this.succeeded()
    return this.handler?.onUpgrade?.(statusCode, headers, socket)
  }

  onResponseStarted(): unknown {
    this.request?.reached(EVENT_RESPONSE_START)
    return this.handler?.onResponseStarted?.()
  }

  onHeaders(statusCode: number, headers: RawHeaders, resume: () => void, statusText: string): unknown {
    if (statusCode < 200) return this.handler?.onHeaders?.(statusCode, headers, resume, statusText)
    this.responded(statusCode, headers, lookUpRaw)
    return this.handler?.onHeaders?.(statusCode, headers, tellingWho(this, resume), statusText)
  }

  onData(chunk: Uint8Array): unknown {
    this.request?.receivedBody(chunk?.byteLength)
    const { handler } = this
    const result = handler?.onData?.(chunk)
    if (result === false) this.letGo(this.body?.deref() ?? (handler as { res?: unknown } | undefined)?.res)
    return result
  }

  onComplete(trailers: unknown): unknown {
    this.succeeded()
    return this.handler?.onComplete?.(trailers)
  }

  onError(error: unknown): unknown {
    this.failed(error, this.wasAborted)
    return this.handler?.onError?.(error)
  }

  onBodySent(chunk: Uint8Array): unknown {
    this.request?.sentBody(chunk?.byteLength)
    return this.handler?.onBodySent?.(chunk)
  }

  onRequestSent(): unknown {
    return this.handler?.onRequestSent?.()
  }

  /** A stream resumes the response. */
  resumed(body: unknown): void {
    this.takeHold()
    if (typeof body === 'object' && body !== null) this.body ??= new WeakRef(body)
  }
}

guardMethods('following a response', TracedLegacyHandler, 'resumed')

/** The body is a stream whose `_read()` is what resumes the response. */
function tellingWho(follower: TracedLegacyHandler, resume: () => void): (this: unknown) => void {
  return function (this: unknown) {
    follower.resumed(this)
    resume()
  }
}
