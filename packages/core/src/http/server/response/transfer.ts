import type { ServerResponse } from 'node:http'

import type { Span } from '@opentelemetry/api'

import { attempt, guardMethods } from '../../../host/guard.ts'
import { writeTo } from '../../../host/span.ts'
import { EVENT_RESPONSE_START } from '../../../semconv/http.ts'
import type { ServerRequest } from '../framework.ts'
import { sizeOf } from '../../metrics.ts'
import type { ResponseProgress } from './progress.ts'
import { type Sending, tapSending } from './tap.ts'
import { watchTurn } from './connection.ts'

/**
 * Counts the bytes of a request body as it is read and of a response body as it is written, and notes the start of the
 * response.
 */
export class Transfer {
  private readonly req: ServerRequest
  private readonly progress: ResponseProgress
  /** The span to record the start of the response on, until it is recorded. */
  private span: Span | undefined
  private read = 0
  private written = 0
  private isEnding = false

  constructor(req: ServerRequest, progress: ResponseProgress, span: Span | undefined) {
    this.req = req
    this.progress = progress
    this.span = span
    const { res, isHttp2 } = progress
    attempt('following a response', tapSending, res)
    if (span && !isHttp2 && !res.socket) {
      attempt('following a response', watchTurn, res as ServerResponse, () => this.noteStart())
    }
  }

  /**
   * Records the start of the response, once. `writeHead` alone only buffers the head, and a pipelined response waits
   * for its turn.
   */
  noteStart(): void {
    const { span } = this
    const { res, isHttp2 } = this.progress
    if (!span || !res.headersSent || (!isHttp2 && !res.socket)) return
    this.span = undefined
    writeTo(span, 'addEvent', EVENT_RESPONSE_START)
  }

  /** Counts a chunk of the request body. */
  addRead(chunk: unknown): void {
    this.read += sizeOf(chunk, undefined)
  }

  /** Counts a chunk of the response body. */
  noteSent(name: Sending, [chunk, encoding]: readonly unknown[]): void {
    // Over HTTP/2, `end` passes its chunk to `write`.
    if (!this.isEnding && name !== 'flushHeaders') this.written += sizeOf(chunk, encoding)
    if (name === 'end') this.isEnding = true
  }

  /** Bytes of the request body: the announced length, or the bytes read of a body without one. */
  get request(): number {
    const announced = Number(this.req.headers['content-length'])
    return Number.isFinite(announced) && this.req.complete ? announced : this.read
  }

  /** Bytes of the response body; 0 when the protocol allows no body. */
  get response(): number {
    const { statusCode } = this.progress.res
    const hasNone = this.req.method === 'HEAD' || statusCode === 204 || statusCode === 304
    return hasNone ? 0 : this.written
  }
}

guardMethods('reading a response', Transfer, 'noteSent', 'noteStart', 'addRead')
