import type { ServerAnswer, ServerRequest } from '../framework.ts'

/** Counts the bytes of a request body as it is read, and of a response body as it is written. */
export class BodySizes {
  private readonly req: ServerRequest
  private readonly res: ServerAnswer
  private read = 0
  private written = 0
  private isEnding = false

  constructor(req: ServerRequest, res: ServerAnswer) {
    this.req = req
    this.res = res
  }

  /** Notes a part of the request body. */
  addRead(chunk: unknown): void {
    this.read += sizeOf(chunk, undefined)
  }

  /** Notes a part of the response body. */
  addWritten(chunk: unknown, encoding: unknown, isLast: boolean): void {
    // Over HTTP/2, `end` hands its part to `write`.
    if (!this.isEnding) this.written += sizeOf(chunk, encoding)
    if (isLast) this.isEnding = true
  }

  /** Bytes of the request body: what was announced, or what was read of a body without a length. */
  get request(): number {
    const announced = Number(this.req.headers['content-length'])
    return Number.isFinite(announced) && this.req.complete ? announced : this.read
  }

  /** Bytes of the response body; none where the protocol allows none. */
  get response(): number {
    const { statusCode } = this.res
    const hasNone = this.req.method === 'HEAD' || statusCode === 204 || statusCode === 304
    return hasNone ? 0 : this.written
  }
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') {
    return Buffer.byteLength(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  }
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
