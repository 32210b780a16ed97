/** Room for a length in front of a message whose size is not known yet: four bytes of seven bits, as a padded varint. */
const LENGTH_BYTES = 4

/** The largest message that such a length can be written for. */
export const MAX_MESSAGE: number = 2 ** 28 - 1

/** Strings up to this length are written by a loop, which is faster than a call into the engine. */
const SHORT = 40

const FIRST_CHUNK = 16 * 1024
const LARGEST_CHUNK = 256 * 1024

/**
 * Writes protobuf into one buffer after the other. A message that does not fit any more moves on to the next buffer, so
 * that each lies whole in one; what lies in front of it in the old buffer stays as it is.
 */
export class Writer {
  bytes: Buffer
  position = 0
  /** Where the message that is being written begins. */
  start = 0

  constructor(size: number = FIRST_CHUNK) {
    this.bytes = Buffer.allocUnsafeSlow(size)
  }

  /** Begins a message that is to lie whole in one buffer. */
  begin(): void {
    this.start = this.position
  }

  /** Takes back what was written of the message. */
  cancel(): void {
    this.position = this.start
  }

  /** Makes sure that so many bytes can be written. */
  reserve(count: number): void {
    if (this.position + count > this.bytes.length) this.moveOn(count)
  }

  private moveOn(count: number): void {
    const { bytes, start } = this
    const written = this.position - start
    const size = Math.max(Math.min(bytes.length * 2, LARGEST_CHUNK), (written + count) * 2)
    this.bytes = Buffer.allocUnsafeSlow(size)
    bytes.copy(this.bytes, 0, start, this.position)
    this.start = 0
    this.position = written
  }

  /** @returns what {@link close} needs: where the message begins, from the start of the outermost one */
  open(tag: number): number {
    this.reserve(6)
    const { bytes } = this
    let at = this.position
    if (tag > 0x7f) {
      bytes[at++] = (tag & 0x7f) | 0x80
      bytes[at++] = tag >>> 7
    } else bytes[at++] = tag
    this.position = at + LENGTH_BYTES
    return this.position - this.start
  }

  close(opened: number): void {
    const { bytes } = this
    const from = this.start + opened
    const length = this.position - from
    bytes[from - 4] = (length & 0x7f) | 0x80
    bytes[from - 3] = ((length >>> 7) & 0x7f) | 0x80
    bytes[from - 2] = ((length >>> 14) & 0x7f) | 0x80
    bytes[from - 1] = length >>> 21
  }

  /** Unsigned, below 2^32. */
  varint(value: number): void {
    const { bytes } = this
    let at = this.position
    let rest = value
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    bytes[at++] = rest
    this.position = at
  }

  /** A field with a whole number from 0 on, left out when it is 0. */
  count(tag: number, value: number): void {
    if (value === 0) return
    this.reserve(7)
    this.bytes[this.position++] = tag
    this.varint(value)
  }

  /** A whole number of 64 bits with sign. */
  int64(value: number): void {
    const { bytes } = this
    let at = this.position
    let low = value >>> 0
    let high = Math.floor(value / 2 ** 32) >>> 0
    while (high !== 0 || low > 0x7f) {
      bytes[at++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    bytes[at++] = low
    this.position = at
  }

  fixed32(value: number): void {
    const { bytes, position } = this
    bytes[position] = value & 0xff
    bytes[position + 1] = (value >>> 8) & 0xff
    bytes[position + 2] = (value >>> 16) & 0xff
    bytes[position + 3] = value >>> 24
    this.position = position + 4
  }

  /** A whole number of 64 bits with sign. */
  fixed64(value: number): void {
    const high = Math.floor(value / 2 ** 32)
    this.fixed32(value - high * 2 ** 32)
    this.fixed32(high)
  }

  double(value: number): void {
    this.position = this.bytes.writeDoubleLE(value, this.position)
  }

  /** A field with a time in nanoseconds, from larger units and a rest. */
  time(tag: number, units: number, perUnit: number, rest: number): void {
    this.bytes[this.position++] = tag
    // The product has 61 bits, so it is made of two halves that numbers can hold.
    const lower = (units % 0x10000) * perUnit + rest
    const carry = Math.floor(lower / 0x10000)
    const upper = Math.floor(units / 0x10000) * perUnit + carry
    const high = Math.floor(upper / 0x10000)
    this.fixed32((upper - high * 0x10000) * 0x10000 + (lower - carry * 0x10000))
    this.fixed32(high)
  }

  /** A field with so many bytes, which begin with those of two numbers of 32 bits. */
  words(tag: number, length: number, first: number, second: number): void {
    this.bytes[this.position++] = tag
    this.bytes[this.position++] = length
    this.moreWords(first, second)
  }

  moreWords(first: number, second: number): void {
    const { bytes, position: at } = this
    bytes[at] = first >>> 24
    bytes[at + 1] = first >>> 16
    bytes[at + 2] = first >>> 8
    bytes[at + 3] = first
    bytes[at + 4] = second >>> 24
    bytes[at + 5] = second >>> 16
    bytes[at + 6] = second >>> 8
    bytes[at + 7] = second
    this.position = at + 8
  }

  /** A field with an id of so many bytes, from its hexadecimal digits. */
  id(tag: number, digits: string, length: number): void {
    const { bytes } = this
    let at = this.position
    bytes[at++] = tag
    bytes[at++] = length
    for (let index = 0; index < length * 2; index += 2) {
      bytes[at++] = (digitAt(digits, index) << 4) | digitAt(digits, index + 1)
    }
    this.position = at
  }

  /** A field with a string, left out when it is empty. */
  string(tag: number, value: string): void {
    if (value === '') return
    const size = Buffer.byteLength(value)
    this.reserve(size + 6)
    this.bytes[this.position++] = tag
    this.varint(size)
    this.text(value, size)
  }

  /** The characters of a string, of which it is known how many bytes they take and that there is room. */
  text(value: string, size: number): void {
    const { bytes } = this
    let at = this.position
    if (size === value.length && size <= SHORT) {
      for (let index = 0; index < size; index++) bytes[at++] = value.charCodeAt(index)
      this.position = at
    } else this.position += bytes.write(value, at, size, size === value.length ? 'latin1' : 'utf8')
  }

  /** A copy of what was written. */
  written(from: number = 0): Uint8Array {
    return Uint8Array.from(this.bytes.subarray(from, this.position))
  }

  raw(from: Uint8Array): void {
    const { bytes } = this
    const { length } = from
    let at = this.position
    for (let index = 0; index < length; index++) bytes[at++] = from[index] as number
    this.position = at
  }
}

/** Values of `0` to `f`; anything else counts as 0. */
const DIGITS = new Uint8Array(128)
for (const [value, digit] of '0123456789abcdef'.split('').entries()) {
  DIGITS[digit.charCodeAt(0)] = value
  DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}

function digitAt(digits: string, index: number): number {
  return (DIGITS[digits.charCodeAt(index) & 0x7f] as number) | 0
}

/** How many bytes a varint takes. */
export function varintSize(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
}
