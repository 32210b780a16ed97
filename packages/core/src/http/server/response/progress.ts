import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse, Http2Session, Http2Stream } from 'node:http2'

import { guardMethods } from '../../../host/guard.ts'
import type { ServerAnswer } from '../framework.ts'
import { sizeOf } from './chunk.ts'
import { valueGivenIn } from './exposed-trace.ts'

type Callback = (...outcome: readonly unknown[]) => void

/**
 * How far a response has come. What goes by is noted, and only what was missed is read from the response: Express
 * makes each reading cost about half a microsecond.
 */
export class ResponseProgress {
  readonly res: ServerAnswer
  private readonly http2: Http2ServerResponse | undefined
  /** A stream that is destroyed does not show it any more. */
  private readonly session: Http2Session | undefined
  /** What `writeHead` was called with. */
  head: readonly unknown[] = []
  private sentStatus: number | undefined
  /** Bytes of Content-Length that are not written yet; NaN where it is not known. */
  private left: number | undefined
  private hasAll = false
  private isFinished = false
  private isUnsent = false

  constructor(res: ServerAnswer, isHttp2: boolean) {
    this.res = res
    this.http2 = isHttp2 ? (res as Http2ServerResponse) : undefined
    this.session = this.http2?.stream.session
  }

  get isHttp2(): boolean {
    return this.http2 !== undefined
  }

  /** The status code of a head that is written with these arguments. */
  statusOf([status]: readonly unknown[]): number {
    return typeof status === 'number' ? status : this.res.statusCode
  }

  /** The head was written with these arguments. */
  noteHead(head: readonly unknown[]): void {
    this.head = head
    // Over HTTP/2 it may have been in vain.
    if (!this.http2) this.sentStatus = this.statusOf(head)
  }

  /** The response emits `finish`. */
  noteFinish(): void {
    this.isFinished = true
  }

  /** The connection was handed over after this status code, or whoever took it has refused with it. */
  noteHandover(statusCode: number): void {
    this.sentStatus = statusCode
    this.hasAll = true
  }

  /**
   * A part of the body is about to be written.
   * @returns the arguments to write it with: with the last byte of Content-Length goes a callback, because a client that
   *   has them all may leave before the response is ended
   */
  noteWrite(args: readonly unknown[]): readonly unknown[] | undefined {
    this.left ??= this.length()
    if (Number.isNaN(this.left)) return args
    const [chunk, given] = args
    const encoding = typeof given === 'function' ? undefined : given
    this.left -= sizeOf(chunk, encoding)
    if (this.left > 0) return args
    const callback = args.find(argument => typeof argument === 'function') as Callback | undefined
    const written: Callback = (...outcome) => {
      // Node also calls back without an error for what was still to be sent on a connection that is gone.
      const connection = this.http2?.stream ?? this.res.socket
      if (!outcome[0] && !connection?.destroyed) this.hasAll = true
      callback?.(...outcome)
    }
    return [chunk, encoding, written]
  }

  private length(): number {
    const length = this.res.getHeader('content-length') ?? valueGivenIn(this.head, 'content-length')
    return length === undefined ? Number.NaN : Number(length)
  }

  /** The connection was gone before the turn of the response came, whatever was written. */
  noteUnsent(): void {
    this.isUnsent = !this.isComplete
  }

  /** Status code that was sent; undefined as long as none was. */
  get statusCode(): number | undefined {
    if (this.isUnsent) return undefined
    return this.sentStatus ?? (this.res.headersSent ? this.res.statusCode : undefined)
  }

  /**
   * What the response was destroyed with; not what Node 24 and later tell those whose turn did not come, nor what
   * HTTP/2 makes of a client that left.
   */
  get error(): unknown {
    if (this.http2) return ownErrorOf(this.http2.stream, this.session)
    const errored = (this.res as { readonly errored?: Error | null }).errored ?? undefined
    if (!errored || !('code' in errored)) return errored
    if (errored.code === 'ERR_STREAM_PREMATURE_CLOSE' && this.hasBrokenBefore(errored)) return undefined
    return this.isUnsent && errored.code === 'ECONNRESET' ? undefined : errored
  }

  /** True when the connection broke by itself, and an error only tells of that. */
  private hasBrokenBefore(error: Error): boolean {
    const socket = this.res.req.socket as { readonly errored?: Error | null } | null
    return Boolean(socket?.errored) && socket?.errored !== error
  }

  /** True when nothing will be emitted any more: the client was gone before tracing began. */
  get isClosed(): boolean {
    return this.http2 ? this.http2.stream.closed : (this.res as ServerResponse).closed
  }

  /** True when everything was handed to the operating system. */
  get isComplete(): boolean {
    // Over HTTP/2 a response is also finished when its stream was reset.
    if (this.http2) return this.hasAll || (this.http2.stream.rstCode === 0 && !this.http2.stream.aborted)
    return this.hasAll || this.isFinished || this.res.writableFinished
  }
}

guardMethods('reading a response', ResponseProgress, 'noteHead', 'noteWrite')

/** An error that the application destroyed a stream with: not one of the protocol or the connection. */
function ownErrorOf(stream: Http2Stream, session: Http2Session | undefined): unknown {
  const errored = (stream as { readonly errored?: Error | null }).errored ?? undefined
  if (!errored || session?.destroyed) return undefined
  return 'code' in errored && String(errored.code).startsWith('ERR_HTTP2_') ? undefined : errored
}
