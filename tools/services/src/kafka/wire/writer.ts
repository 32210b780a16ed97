/** Writes the fields of a response, in order. */
export class Writer {
  #chunks: Buffer[] = []

  int8(value: number): this {
    const chunk = Buffer.allocUnsafe(1)
    chunk.writeInt8(value)
    return this.raw(chunk)
  }

  int16(value: number): this {
    const chunk = Buffer.allocUnsafe(2)
    chunk.writeInt16BE(value)
    return this.raw(chunk)
  }

  int32(value: number): this {
    const chunk = Buffer.allocUnsafe(4)
    chunk.writeInt32BE(value)
    return this.raw(chunk)
  }

  int64(value: number): this {
    const chunk = Buffer.allocUnsafe(8)
    chunk.writeBigInt64BE(BigInt(value))
    return this.raw(chunk)
  }

  boolean(value: boolean): this {
    return this.int8(value ? 1 : 0)
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const chunk = Buffer.from(value, 'utf8')
    return this.int16(chunk.length).raw(chunk)
  }

  bytes(value: Buffer): this {
    return this.int32(value.length).raw(value)
  }

  array<Item>(items: readonly Item[], write: (writer: this, item: Item) => void): this {
    this.int32(items.length)
    for (const item of items) write(this, item)
    return this
  }

  raw(chunk: Buffer): this {
    this.#chunks.push(chunk)
    return this
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}
