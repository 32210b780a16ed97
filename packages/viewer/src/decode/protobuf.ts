import { Budget, MalformedRequest } from './budget.ts'
import { type MessageShape, type Scalar, TRACES } from './messages.ts'
import type { OtlpDocument } from './otlp.ts'

/**
 * Decodes a request in protobuf to the JSON of OTLP. Unknown fields are skipped.
 * @throws MalformedRequest when it is cut off, nested too deeply, or not protobuf
 */
export function decodeProtobuf(body: Buffer): OtlpDocument {
  return new Reader(body, new Budget()).message(TRACES, 0, body.length, 0)
}

class Reader {
  private readonly bytes: Buffer
  private readonly budget: Budget
  private at = 0

  constructor(bytes: Buffer, budget: Budget) {
    this.bytes = bytes
    this.budget = budget
  }

  message(shape: MessageShape, start: number, end: number, depth: number): Record<string, unknown> {
    this.budget.enter(depth)
    const message: Record<string, unknown> = {}
    this.at = start
    while (this.at < end) {
      const tag = this.varint(end)
      const number = Math.floor(tag / 8)
      const type = tag % 8
      if (number === 0) throw new MalformedRequest(`field 0 at byte ${this.at}`)
      const field = shape[number]
      if (field === undefined) {
        this.skip(type, end)
        continue
      }
      const value =
        typeof field.of === 'function'
          ? this.nested(field.of(), type, end, depth)
          : this.scalar(field.of, type, end)
      if (!field.repeated) message[field.name] = value
      else if (message[field.name] === undefined) message[field.name] = [value]
      else (message[field.name] as unknown[]).push(value)
    }
    return message
  }

  private nested(shape: MessageShape, type: number, end: number, depth: number): Record<string, unknown> {
    const limit = this.block(type, end)
    const message = this.message(shape, this.at, limit, depth + 1)
    this.at = limit
    return message
  }

  private scalar(of: Scalar, type: number, end: number): unknown {
    switch (of) {
      case 'bool':
        return this.integer(type, end) !== 0n
      case 'number':
        return Number(BigInt.asUintN(32, this.integer(type, end)))
      case 'integer':
        return jsonInteger(BigInt.asIntN(64, this.integer(type, end)))
      case 'nanoseconds':
        return String(BigInt.asUintN(64, this.integer(type, end)))
      case 'double':
        return jsonNumber(this.bytes.readDoubleLE(this.fixed(type, 1, 8, end)))
      default: {
        const limit = this.block(type, end)
        const text = this.bytes.toString(of === 'string' ? 'utf8' : of, this.at, limit)
        this.at = limit
        return text
      }
    }
  }

  /** The end of a length-delimited field. Afterwards the reader is at its start. */
  private block(type: number, end: number): number {
    if (type !== 2) throw new MalformedRequest(`wire type ${type} where 2 belongs, at byte ${this.at}`)
    const limit = this.varint(end) + this.at
    if (limit > end) throw new MalformedRequest(`a field of the message is cut off at byte ${this.at}`)
    return limit
  }

  private integer(type: number, end: number): bigint {
    if (type === 0) return this.bigVarint(end)
    if (type === 5) return BigInt(this.bytes.readUInt32LE(this.fixed(type, 5, 4, end)))
    return this.bytes.readBigUInt64LE(this.fixed(type, 1, 8, end))
  }

  private fixed(type: number, wanted: number, size: number, end: number): number {
    if (type !== wanted)
      throw new MalformedRequest(`wire type ${type} where ${wanted} belongs, at byte ${this.at}`)
    const start = this.at
    if (start + size > end) throw new MalformedRequest(`a number is cut off at byte ${start}`)
    this.at += size
    return start
  }

  /** Tags and lengths: no readable message needs more than 53 bits. */
  private varint(end: number): number {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte(end)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
      if (scale >= 2 ** 42) throw new MalformedRequest(`a length is out of range at byte ${this.at}`)
    }
    return value
  }

  private bigVarint(end: number): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte(end)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new MalformedRequest(`a varint has more than ten bytes at byte ${this.at}`)
  }

  private byte(end: number): number {
    const byte = this.at < end ? this.bytes[this.at++] : undefined
    if (byte === undefined) throw new MalformedRequest(`the message is cut off at byte ${this.at}`)
    return byte
  }

  private skip(type: number, end: number): void {
    if (type === 2) this.at = this.block(type, end)
    else this.integer(type, end)
  }
}

function jsonInteger(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}
