import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse, Http2Session, Http2Stream } from 'node:http2'

import { guardMethods } from '../../../host/guard.ts'
import type { ServerAnswer } from '../framework.ts'
import { sizeOf } from '../../metrics.ts'
import { valueGivenIn } from './exposed-trace.ts'

type Callback = (...outcome: readonly unknown[]) => void

/**
 * How far a response has progressed. It is tracked from observed calls, and only missing data is read from the
 * response, because in Express each read costs about half a microsecond.
 */
export class ResponseProgress {
  readonly res: ServerAnswer
  private readonly http2: Http2ServerResponse | undefined
  /** Kept because a destroyed stream no longer exposes it. */
  private readonly session: Http2Session | undefined
  /** The arguments of `writeHead`. */
  head: readonly unknown[] = []
  private sentStatus: number | undefined
  /** Bytes of Content-Length not written yet; NaN when unknown. */
  private left: number | undefined
  private hasAll = false
  private isFinished = false
  private isCut = false
  private isUnsent = false

  constructor(res: ServerAnswer, isHttp2: boolean) {
    this.res = res
    this.http2 = isHttp2 ? (res as Http2ServerResponse) : undefined
    this.session = this.http2?.stream.session
  }

  get isHttp2(): boolean {
    return this.http2 !== undefined
  }

  /** The status code of a head written with these arguments. */
  statusOf(head: readonly unknown[]): number {
    const status = head[0]
    return typeof status === 'number' ? status : this.res.statusCode
  }

  /** The head was written with these arguments. */
  noteHead(head: readonly unknown[]): void {
    this.head = head
    // Over HTTP/2 it may not have been sent.
    if (!this.http2) this.sentStatus = this.statusOf(head)
  }

  /**
   * The response emitted `finish`, over HTTP/1.
   * @param isCut whether the connection was closed before: Node 20 also finishes a response whose data was still waiting
   */
  noteFinish(isCut: boolean): void {
    this.isFinished = true
    this.isCut = isCut
  }

  /** The connection was handed over after this status code, or its new owner refused with it. */
  noteHandover(statusCode: number): void {
    this.sentStatus = statusCode
    this.hasAll = true
  }

  /**
   * A chunk of the body is about to be written.
   * @returns the arguments to write it with: a callback is added to the chunk with the last byte of Content-Length,
   * because a client that has received everything may disconnect before the response is ended
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
      // Node also calls back without an error for data that was still waiting when the connection closed.
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

  /** The connection closed before the response's turn, whatever was written. */
  noteUnsent(): void {
    this.isUnsent = !this.isComplete
  }

  /** Status code that was sent; undefined while none was. */
  get statusCode(): number | undefined {
    if (this.isUnsent) return undefined
    return this.sentStatus ?? (this.res.headersSent ? this.res.statusCode : undefined)
  }

  /**
   * The error the response was destroyed with. Excludes the error that Node 24 and later give responses whose turn did
   * not come, and the one HTTP/2 creates when a client disconnects.
   */
  get error(): unknown {
    if (this.http2) return ownErrorOf(this.http2.stream, this.session)
    const errored = (this.res as { readonly errored?: Error | null }).errored ?? undefined
    if (!errored || !('code' in errored)) return errored
    if (errored.code === 'ERR_STREAM_PREMATURE_CLOSE' && this.hasBrokenBefore(errored)) return undefined
    return this.isUnsent && errored.code === 'ECONNRESET' ? undefined : errored
  }

  /** True when the connection broke first, and the error only reports that. */
  private hasBrokenBefore(error: Error): boolean {
    const socket = this.res.req.socket as { readonly errored?: Error | null } | null
    return Boolean(socket?.errored) && socket?.errored !== error
  }

  /** True when no more events will be emitted: the client disconnected before tracing began. */
  get isClosed(): boolean {
    return this.http2 ? this.http2.stream.closed : (this.res as ServerResponse).closed
  }

  /** True when everything was passed to the operating system. */
  get isComplete(): boolean {
    // Over HTTP/2 a response also finishes when its stream was reset.
    if (this.http2) return this.hasAll || (this.http2.stream.rstCode === 0 && !this.http2.stream.aborted)
    return this.hasAll || (!this.isCut && (this.isFinished || this.res.writableFinished))
  }
}

guardMethods('reading a response', ResponseProgress, 'noteHead', 'noteWrite')

/** The error with which the application destroyed a stream; not an error of the protocol or the connection. */
function ownErrorOf(stream: Http2Stream, session: Http2Session | undefined): unknown {
  const errored = (stream as { readonly errored?: Error | null }).errored ?? undefined
  if (!errored || session?.destroyed) return undefined
  return 'code' in errored && String(errored.code).startsWith('ERR_HTTP2_') ? undefined : errored
}
