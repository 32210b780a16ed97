/** A request that does not match its definition in the protocol. */
export class MalformedRequest extends Error {
  override readonly name = 'MalformedRequest'
}

/** Reads the fields of a request, in order. */
export class Reader {
  #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  int8(): number {
    return this.take(1).readInt8()
  }

  int16(): number {
    return this.take(2).readInt16BE()
  }

  int32(): number {
    return this.take(4).readInt32BE()
  }

  /** Offsets, producer ids and times are far below 2^53, so a number is sufficient. */
  int64(): number {
    const value = Number(this.take(8).readBigInt64BE())
    if (!Number.isSafeInteger(value)) throw new MalformedRequest(`A 64-bit field is out of range: ${value}`)
    return value
  }

  boolean(): boolean {
    return this.int8() !== 0
  }

  /** A zigzag variable-length integer, as records use them. */
  varint(): number {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.take(1).readUInt8()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number((value >> 1n) ^ -(value & 1n))
    }
    throw new MalformedRequest('A variable-length integer does not end')
  }

  string(): string {
    const value = this.nullableString()
    if (value === null) throw new MalformedRequest('A string is null')
    return value
  }

  nullableString(): string | null {
    const length = this.int16()
    return length === -1 ? null : this.take(length).toString('utf8')
  }

  bytes(): Buffer {
    return this.nullableBytes() ?? Buffer.alloc(0)
  }

  nullableBytes(): Buffer | null {
    const length = this.int32()
    return length === -1 ? null : this.take(length)
  }

  array<Item>(item: (reader: this) => Item): Item[] {
    return this.nullableArray(item) ?? []
  }

  nullableArray<Item>(item: (reader: this) => Item): Item[] | null {
    const length = this.int32()
    if (length === -1) return null
    // Every item takes at least one byte: a longer array cannot be complete.
    if (length < 0 || length > this.remaining) throw new MalformedRequest(`An array has length ${length}`)
    return Array.from({ length }, () => item(this))
  }

  take(length: number): Buffer {
    if (length < 0 || length > this.remaining) {
      throw new MalformedRequest(`${length} bytes expected, ${this.remaining} left`)
    }
    this.#offset += length
    return this.#bytes.subarray(this.#offset - length, this.#offset)
  }
}
