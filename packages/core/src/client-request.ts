import type { Attributes } from '@opentelemetry/api'

import type { CapturedHeaders, HeaderValue } from './captured-headers.ts'
import type { HttpClientRecord } from './http-client-options.ts'
import type { Operation } from './operation.ts'
import { errorTypeOf } from './outcome.ts'
import { type RequestHeaders } from './request-headers.ts'
import {
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
} from './semconv/attributes.ts'
import {
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  EVENT_ABORTED,
  EVENT_BODY_ABANDONED,
  EVENT_RESPONSE_HEADERS,
} from './semconv/http.ts'

/** The other end of the connection a request went over. */
export interface Peer {
  readonly address: string | undefined
  readonly port: number | undefined
  /** Version of HTTP, such as `1.1` or `2`. */
  readonly version: string | undefined
}

/** Looks up one response header by its lower-case name. */
export type HeaderLookup = (name: string) => HeaderValue

/** The life of one request on the wire: from its start to the end of its response. */
export class ClientRequest {
  /** What is to be sent. */
  readonly headers: RequestHeaders
  /** What was added to them, as a flat list. */
  readonly injected: readonly string[]
  /** Called when the span has ended. */
  whenOver: (() => void) | undefined
  private readonly operation: Operation<HttpClientRecord> | undefined
  private readonly captured: CapturedHeaders | undefined
  private readonly late: Attributes = {}
  private statusCode = 0

  constructor(
    operation: Operation<HttpClientRecord> | undefined,
    headers: RequestHeaders,
    injected: readonly string[],
    captured: CapturedHeaders | undefined,
  ) {
    this.operation = operation
    this.injected = injected
    this.headers = headers
    this.captured = captured
  }

  /** A request without a span, whose headers could be read only once and were. */
  static untraced(headers: RequestHeaders): ClientRequest {
    return new ClientRequest(undefined, headers, [], undefined)
  }

  /** False once the span has ended, and when there is none. */
  get isOpen(): boolean {
    return this.operation !== undefined && !this.operation.ended
  }

  /** The request goes out over a connection. */
  sentTo({ address, port, version }: Peer): void {
    if (address !== undefined) {
      this.late[ATTR_NETWORK_PEER_ADDRESS] = address
      if (port !== undefined) this.late[ATTR_NETWORK_PEER_PORT] = port
    }
    if (version !== undefined) this.late[ATTR_NETWORK_PROTOCOL_VERSION] = version
  }

  /** The headers of the final response have arrived. */
  responded(statusCode: number, valueOf: HeaderLookup): void {
    this.statusCode = statusCode
    this.late[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode
    const { operation, captured } = this
    if (!operation?.isRecording) return
    operation.span.addEvent(EVENT_RESPONSE_HEADERS)
    if (captured && !captured.isEmpty) captured.write(this.late, valueOf)
  }

  /** The response is complete. */
  succeeded(): void {
    const { statusCode } = this
    if (statusCode >= 400) this.end({ failed: true, errorType: String(statusCode), statusCode })
    else this.end(statusCode ? { statusCode } : {})
  }

  /**
   * The request or its response has failed.
   * @param wasAborted true when somebody above the connection called it off
   */
  failed(error: unknown, wasAborted: boolean): void {
    const { statusCode, operation } = this
    if (wasAborted && !isTimeout(error)) {
      // A redirect that is followed, and an error that is reported by its status, are complete without their body.
      if (statusCode < 300 && operation?.isRecording) operation.span.addEvent(EVENT_ABORTED)
      this.succeeded()
      return
    }
    const errorType = statusCode >= 400 ? String(statusCode) : errorTypeOf(error)
    this.end({ failed: true, thrown: { value: error }, errorType, ...(statusCode && { statusCode }) })
  }

  /**
   * Nobody can read the rest of the response body any more.
   * @param endedAt when the last of it arrived, as `performance.now()` told then
   */
  abandoned(endedAt: number): void {
    const { statusCode, operation } = this
    if (operation?.isRecording) operation.span.addEvent(EVENT_BODY_ABANDONED, endedAt)
    const errorType = String(statusCode)
    this.end({ ...(statusCode >= 400 && { failed: true, errorType }), statusCode, endedAt })
  }

  private end(ending: Parameters<Operation<HttpClientRecord>['end']>[0]): void {
    this.operation?.end(ending, this.late)
    this.whenOver?.()
    this.whenOver = undefined
  }
}

function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { name?: unknown }).name === 'TimeoutError'
}
