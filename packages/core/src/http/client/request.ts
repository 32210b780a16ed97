import type { Attributes } from '@opentelemetry/api'

import { ClientConnection } from './connection.ts'
import { type CapturedHeaders, type HeaderValue, type Peer, writePeer } from '../attributes.ts'
import { CONNECTION_ATTRIBUTES, type HttpClientMetrics } from './metrics.ts'
import { attempt, guardMethods } from '../../host/guard.ts'
import type { HttpClientRecord } from './options.ts'
import type { Destination } from './destination.ts'
import { pickAttributes } from '../../operation/instruments.ts'
import type { Operation } from '../../operation/operation.ts'
import { errorTypeOf, nameOf } from '../../operation/errors/kind.ts'
import { type RequestHeaders } from '../request-headers.ts'
import { writeTo } from '../../host/span.ts'
import { ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from '../../semconv/attributes.ts'
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  EVENT_ABORTED,
  EVENT_BODY_ABANDONED,
  EVENT_RESPONSE_HEADERS,
} from '../../semconv/http.ts'

/** Looks up a response header by its lower-case name, in the client's own header format. */
export type HeaderLookup<Headers> = (headers: Headers, name: string) => HeaderValue

/** What to observe of a response besides its outcome. */
export interface Watched {
  readonly headers: CapturedHeaders
  readonly metrics: HttpClientMetrics<HttpClientRecord>
  /** True when each stage on the wire is recorded as an event. */
  readonly stages: boolean
}

/** The life of one request on the wire: from its start to the end of its response. */
export class ClientRequest {
  /** The headers to send. */
  readonly headers: RequestHeaders
  /** The headers that were added, as a flat list. */
  readonly injected: readonly string[]
  private readonly operation: Operation<HttpClientRecord> | undefined
  private readonly watched: Watched | undefined
  private readonly startedAt: number
  private peer: Peer | undefined
  private captured: Attributes | undefined
  private statusCode = 0
  private isComplete = false
  private sentBytes: number | undefined
  private receivedBytes: number | undefined
  private announcedRequest: number | undefined
  private announcedResponse: number | undefined
  private endings: (() => void)[] | undefined

  constructor(
    operation: Operation<HttpClientRecord> | undefined,
    headers: RequestHeaders,
    injected: readonly string[],
    watched: Watched | undefined,
  ) {
    this.operation = operation
    this.injected = injected
    this.headers = headers
    this.watched = watched
    this.startedAt = watched?.stages && operation?.isRecording ? performance.now() : 0
  }

  /** A request without a span, whose headers could be read only once and have been. */
  static untraced(headers: RequestHeaders): ClientRequest {
    return new ClientRequest(undefined, headers, [], undefined)
  }

  /** False once the span has ended, and when there is none. */
  get isOpen(): boolean {
    return this.operation !== undefined && !this.operation.ended
  }

  /** Calls back when the span has ended; immediately if it already has. */
  whenOver(over: (() => void) | undefined): void {
    if (!over) return
    if (!this.isOpen) over()
    else if (this.endings) this.endings.push(over)
    else this.endings = [over]
  }

  /** True when the stages on the wire are recorded. */
  get wantsStages(): boolean {
    return this.startedAt > 0
  }

  /**
   * A stage on the wire was reached.
   * @param at time on the clock of `performance.now()`; default: now. Ignored when before the start of the request.
   */
  reached(stage: string, at?: number): void {
    if (!this.wantsStages || (at !== undefined && at < this.startedAt)) return
    if (this.operation) writeTo(this.operation.span, 'addEvent', stage, at)
  }

  /** Bytes of the request body were sent. */
  sentBody(bytes: number | undefined): void {
    this.sentBytes = (this.sentBytes ?? 0) + (bytes ?? 0)
  }

  /** The announced length of the request body, used when its bytes are not observed. */
  announcedBody(bytes: number): void {
    this.announcedRequest = bytes
  }

  /** Bytes of the response body were received. */
  receivedBody(bytes: number | undefined): void {
    this.receivedBytes = (this.receivedBytes ?? 0) + (bytes ?? 0)
  }

  /** True when connections are measured. */
  get wantsConnections(): boolean {
    return this.operation !== undefined && this.watched?.metrics.followsConnections === true
  }

  /** Starts measuring a connection; undefined when connections are not measured. */
  connectionOver(openedAt: number): ClientConnection | undefined {
    const { operation, watched } = this
    if (!operation || !watched?.metrics.followsConnections) return undefined
    const attributes = pickAttributes({ ...operation.attributes, ...this.learned() }, CONNECTION_ATTRIBUTES)
    return new ClientConnection(watched.metrics, attributes, openedAt)
  }

  /** The request is sent over a connection. */
  sentTo(peer: Peer): void {
    this.peer = peer
  }

  /** Sets attributes that were not known at its start, or were others then. */
  described(attributes: Attributes): void {
    this.captured = { ...this.captured, ...attributes }
  }

  /** True when it was sent to the given host and port. */
  wentTo({ address, port }: Pick<Destination, 'address' | 'port'>): boolean {
    const attributes = this.operation?.attributes
    return attributes?.[ATTR_SERVER_ADDRESS] === address && attributes[ATTR_SERVER_PORT] === port
  }

  /** True once the headers of the final response have arrived. */
  get hasResponse(): boolean {
    return this.statusCode > 0
  }

  /** True when a complete response arrived that was neither an error nor a redirect. */
  get hasSucceeded(): boolean {
    return this.isComplete && this.statusCode < 300
  }

  /** The headers of the final response have arrived. */
  responded<Headers>(statusCode: number, headers: Headers, valueOf: HeaderLookup<Headers>): void {
    this.statusCode = statusCode
    const { operation, watched } = this
    if (watched?.metrics.measuresBodies) this.announcedResponse = lengthOf(valueOf(headers, 'content-length'))
    if (!operation?.isRecording) return
    writeTo(operation.span, 'addEvent', EVENT_RESPONSE_HEADERS)
    if (!watched || watched.headers.isEmpty) return
    this.captured ??= {}
    watched.headers.write(this.captured, name => valueOf(headers, name))
  }

  /** The response is complete. */
  succeeded(): void {
    this.isComplete = true
    this.settle()
  }

  /** Ends the span according to the status. */
  private settle(): void {
    const { statusCode } = this
    if (this.operation?.attributes[ATTR_HTTP_REQUEST_METHOD] !== 'HEAD') {
      this.receivedBytes ??= this.announcedResponse
    }
    if (statusCode >= 400) this.end({ failed: true, errorType: String(statusCode), statusCode })
    else this.end(statusCode ? { statusCode } : {})
  }

  /**
   * The request or its response has failed.
   * @param wasAborted true when it was cancelled by code above the connection
   */
  failed(error: unknown, wasAborted: boolean): void {
    const { statusCode, operation } = this
    if (wasAborted && !isTimeout(error)) {
      // A redirect that is followed, and an error reported by its status, are complete without their body.
      if (statusCode < 300 && operation?.isRecording) writeTo(operation.span, 'addEvent', EVENT_ABORTED)
      this.settle()
      return
    }
    const errorType = statusCode >= 400 ? String(statusCode) : errorTypeOf(error)
    this.end({ failed: true, thrown: { value: error }, errorType, ...(statusCode && { statusCode }) })
  }

  /**
   * The rest of the response body can no longer be read.
   * @param endedAt when its last bytes arrived, on the clock of `performance.now()`
   */
  abandoned(endedAt: number): void {
    const { statusCode, operation } = this
    if (operation?.isRecording) writeTo(operation.span, 'addEvent', EVENT_BODY_ABANDONED, endedAt)
    const errorType = String(statusCode)
    this.end({ ...(statusCode >= 400 && { failed: true, errorType }), statusCode, endedAt })
  }

  /** Attributes that were not known at the start. */
  private learned(): Attributes {
    const { statusCode, peer } = this
    const attributes = this.captured ?? {}
    if (statusCode > 0) attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = statusCode
    if (peer) writePeer(attributes, peer)
    return attributes
  }

  private end(ending: Parameters<Operation<HttpClientRecord>['end']>[0]): void {
    const { operation, watched } = this
    if (!operation || operation.ended) return
    const { context } = operation
    operation.end(ending, this.learned())
    const { measured } = operation
    if (measured && watched?.metrics.measuresBodies) {
      const sizes = { request: this.sentBytes ?? this.announcedRequest, response: this.receivedBytes }
      watched.metrics.recordBodies(sizes, measured, context)
    }
    const { endings } = this
    this.endings = undefined
    if (endings) for (const over of endings) attempt('ending a request', over)
  }
}

function lengthOf(value: HeaderValue): number | undefined {
  const length = Number(Array.isArray(value) ? value[0] : value)
  return Number.isSafeInteger(length) ? length : undefined
}

function isTimeout(error: unknown): boolean {
  return nameOf(error) === 'TimeoutError'
}

guardMethods(
  'following a request',
  ClientRequest,
  'connectionOver',
  'responded',
  'succeeded',
  'failed',
  'abandoned',
)
