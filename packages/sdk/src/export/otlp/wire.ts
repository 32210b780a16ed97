/** One field of a protobuf message, still encoded. */
export interface WireField {
  readonly number: number
  /** 0: varint, 1: eight bytes, 2: length-delimited bytes, 5: four bytes. */
  readonly type: number
  /** Value of a varint, as a signed 64-bit integer. */
  readonly integer: bigint
  /** Value of all other types. */
  readonly bytes: Buffer
}

const EMPTY = Buffer.alloc(0)

/**
 * Reads the fields of a protobuf message in order.
 * @throws RangeError when the message is truncated or has a type that protobuf no longer supports
 */
export function* fieldsOf(message: Buffer): Generator<WireField> {
  let at = 0

  function varint(): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]
      if (byte === undefined || shift > 63n) throw new RangeError('a varint is cut off')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
  }

  function take(length: number): Buffer {
    if (length < 0 || at + length > message.length) throw new RangeError('a field is cut off')
    at += length
    return message.subarray(at - length, at)
  }

  while (at < message.length) {
    const tag = Number(varint())
    const number = tag >>> 3
    const type = tag & 7
    if (type === 0) yield { number, type, integer: varint(), bytes: EMPTY }
    else if (type === 1) yield { number, type, integer: 0n, bytes: take(8) }
    else if (type === 2) yield { number, type, integer: 0n, bytes: take(Number(varint())) }
    else if (type === 5) yield { number, type, integer: 0n, bytes: take(4) }
    else throw new RangeError(`wire type ${type} is not known`)
  }
}

/** Reads consecutive varints. */
export function* varintsOf(bytes: Buffer): Generator<bigint> {
  let value = 0n
  let shift = 0n
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift
    shift += 7n
    if (byte >= 0x80) continue
    yield value
    value = 0n
    shift = 0n
  }
}
