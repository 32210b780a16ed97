import type { ServerAnswer, ServerRequest } from '../framework.ts'

type Write = (this: ServerAnswer, chunk?: unknown, ...rest: unknown[]) => unknown

/** Counts the bytes of a request body as it is read, and of a response body as it is written. */
export class BodySizes {
  private read = 0
  private written = 0
  private readonly req: ServerRequest
  private readonly res: ServerAnswer

  constructor(req: ServerRequest, res: ServerAnswer) {
    this.req = req
    this.res = res
    // Own methods, so that nothing beneath them is touched; `end` hands its chunk to no other method of ours.
    const own = res as unknown as { write: Write; end: Write }
    const { write, end } = own
    let ending = false
    const count = (chunk: unknown, encoding: unknown): void => {
      if (!ending) this.written += sizeOf(chunk, encoding)
    }
    own.write = function countedWrite(chunk, ...rest) {
      count(chunk, rest[0])
      return Reflect.apply(write, this, [chunk, ...rest])
    }
    own.end = function countedEnd(...args) {
      count(args[0], args[1])
      ending = true
      return Reflect.apply(end, this, args)
    }
  }

  /** Notes a part of the request body. */
  add(chunk: unknown): void {
    this.read += sizeOf(chunk, undefined)
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
