import { MalformedRequest } from './reader.ts'
import { Writer } from './writer.ts'

const longestFrame = 100 * 1024 * 1024

/** Splits a stream of bytes into the frames of the protocol, each prefixed with its length. */
export class FrameSplitter {
  #pending: Buffer = Buffer.alloc(0);

  /** Adds the received bytes and yields every complete frame. */
  *push(chunk: Buffer): Generator<Buffer> {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
    while (this.#pending.length >= 4) {
      const length = this.#pending.readInt32BE()
      if (length < 8 || length > longestFrame) throw new MalformedRequest(`A frame has length ${length}`)
      if (this.#pending.length < 4 + length) return
      const frame = this.#pending.subarray(4, 4 + length)
      this.#pending = this.#pending.subarray(4 + length)
      yield frame
    }
  }
}

/** The bytes of a response on the wire. */
export function responseFrame(correlationId: number, body: Writer): Buffer {
  return new Writer().bytes(new Writer().int32(correlationId).raw(body.toBuffer()).toBuffer()).toBuffer()
}
