import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse, Http2Session, Http2Stream } from 'node:http2'

import type { ServerAnswer } from './framework.ts'
import { type Ending, isMeantForClient } from '../../operation/outcome.ts'

/** What was thrown, boxed because anything can be thrown. */
type Thrown = { readonly value: unknown } | undefined

/**
 * How far a response has come. What goes by is noted, and only what was missed is read from the response: Express
 * makes each reading cost about half a microsecond.
 */
export class ResponseProgress {
  readonly res: ServerAnswer
  private readonly http2: Http2ServerResponse | undefined
  /** A stream that is destroyed does not show it any more. */
  private readonly session: Http2Session | undefined
  private sentStatus: number | undefined
  private isFinished = false
  private isUnsent = false

  constructor(res: ServerAnswer, isHttp2: boolean) {
    this.res = res
    this.http2 = isHttp2 ? (res as Http2ServerResponse) : undefined
    this.session = this.http2?.stream.session
  }

  /**
   * The head was written.
   * @param status the status code it was written with; anything but a number: the one that was set before
   */
  noteHead(status: unknown): void {
    // Over HTTP/2 it may have been in vain.
    if (!this.http2) this.sentStatus = typeof status === 'number' ? status : this.res.statusCode
  }

  /** The response emits `finish`. */
  noteFinish(): void {
    this.isFinished = true
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
    if (this.http2) return this.http2.stream.rstCode === 0 && !this.http2.stream.aborted
    return this.isFinished || this.res.writableFinished
  }
}

/** An error that the application destroyed a stream with: not one of the protocol or the connection. */
function ownErrorOf(stream: Http2Stream, session: Http2Session | undefined): unknown {
  const errored = (stream as { readonly errored?: Error | null }).errored ?? undefined
  if (!errored || session?.destroyed) return undefined
  return 'code' in errored && String(errored.code).startsWith('ERR_HTTP2_') ? undefined : errored
}

/**
 * How a request ended, told from its closed response.
 * @param thrown the last error that reached the framework
 */
export function endingOf(response: ResponseProgress, thrown: Thrown): Ending {
  if (!response.isComplete) return brokenOff(response, thrown)
  const { statusCode = response.res.statusCode } = response
  if (statusCode >= 500) {
    return thrown
      ? { failed: true, thrown, statusCode }
      : { failed: true, errorType: String(statusCode), statusCode }
  }
  return thrown && !isMeantForClient(thrown.value) ? { thrown, statusCode } : { statusCode }
}

/** A request that is ended before its response, because the process is. */
export function unfinished(response: ResponseProgress): Ending {
  return { failed: true, errorType: 'unfinished', ...sentStatus(response) }
}

/** The response was not sent to its end: by an error of the application, or because the client was gone. */
function brokenOff(response: ResponseProgress, thrown: Thrown): Ending {
  const { error } = response
  const reason = thrown ?? (error === undefined ? undefined : { value: error })
  return {
    failed: true,
    ...(reason ? { thrown: reason } : { errorType: 'ECONNRESET' }),
    ...sentStatus(response),
  }
}

function sentStatus({ statusCode }: ResponseProgress): { readonly statusCode?: number } {
  return statusCode === undefined ? {} : { statusCode }
}
