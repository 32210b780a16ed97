import { varintSize, Writer } from './writer.ts'

// Tags of the fields of AnyValue, and of KeyValue.
const STRING = 0x0a
const BOOL = 0x10
const INT = 0x18
const DOUBLE = 0x21
const ARRAY = 0x2a
const MAP = 0x32
const BYTES = 0x3a
/** Of an array and of a map. */
const ITEM = 0x0a
const KEY = 0x0a
const VALUE = 0x12

/** Strings up to this length are first taken for ASCII. */
const SHORT = 40
/** Bytes of tags and lengths around a key and a value, at most. */
const FRAME = 24

const MAX_KEYS = 1000
const keys = new Map<string, Uint8Array>()

/** The bytes of a key as a field. */
function keyField(key: string): Uint8Array {
  return keys.get(key) ?? newKeyField(key)
}

function newKeyField(key: string): Uint8Array {
  const size = Buffer.byteLength(key)
  const writer = new Writer(size + 6)
  writer.bytes[writer.position++] = KEY
  writer.varint(size)
  writer.text(key, size)
  const field = writer.written()
  // Keys that are made of data would fill it.
  if (keys.size < MAX_KEYS) keys.set(key, field)
  return field
}

/** Writes an attribute as a field of what carries it. */
export function writeAttribute(writer: Writer, tag: number, key: string, value: unknown): void {
  const field = keyField(key)
  if (typeof value === 'string' && value.length <= SHORT && writeShort(writer, tag, field, value)) return
  if (typeof value === 'object' && value !== null) {
    writeContainer(writer, tag, field, value)
    return
  }
  const size = sizeOf(value)
  const inner = field.length + 1 + varintSize(size) + size
  writer.reserve(inner + FRAME)
  writer.bytes[writer.position++] = tag
  writer.varint(inner)
  writer.raw(field)
  writer.bytes[writer.position++] = VALUE
  writer.varint(size)
  writeScalar(writer, value)
}

function writeContainer(writer: Writer, tag: number, field: Uint8Array, value: object): void {
  const opened = writer.open(tag)
  writer.reserve(field.length)
  writer.raw(field)
  const openedValue = writer.open(VALUE)
  writeItems(writer, value)
  writer.close(openedValue)
  writer.close(opened)
}

/** @returns false when the string is more than ASCII, and nothing is written */
function writeShort(writer: Writer, tag: number, field: Uint8Array, value: string): boolean {
  const { length } = value
  const begun = writer.position - writer.start
  const inner = field.length + length + 4
  writer.reserve(inner + FRAME)
  writer.bytes[writer.position++] = tag
  writer.varint(inner)
  writer.raw(field)
  const { bytes } = writer
  let at = writer.position
  bytes[at++] = VALUE
  bytes[at++] = length + 2
  bytes[at++] = STRING
  bytes[at++] = length
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index)
    if (code > 0x7f) {
      writer.position = writer.start + begun
      return false
    }
    bytes[at++] = code
  }
  writer.position = at
  return true
}

/** How many bytes a value that is no object takes; what cannot be encoded takes none. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') {
    const size = Buffer.byteLength(value)
    return 1 + varintSize(size) + size
  }
  if (typeof value === 'number') return isInt64(value) ? 1 + int64Size(value) : 9
  return typeof value === 'boolean' ? 2 : 0
}

function writeScalar(writer: Writer, value: unknown): void {
  const { bytes } = writer
  if (typeof value === 'string') {
    const size = Buffer.byteLength(value)
    bytes[writer.position++] = STRING
    writer.varint(size)
    writer.text(value, size)
  } else if (typeof value === 'number') {
    const isInteger = isInt64(value)
    bytes[writer.position++] = isInteger ? INT : DOUBLE
    if (isInteger) writer.int64(value)
    else writer.double(value)
  } else if (typeof value === 'boolean') {
    bytes[writer.position++] = BOOL
    bytes[writer.position++] = value ? 1 : 0
  }
}

function writeItems(writer: Writer, value: object): void {
  if (value instanceof Uint8Array) {
    writer.reserve(value.length + FRAME)
    writer.bytes[writer.position++] = BYTES
    writer.varint(value.length)
    writer.bytes.set(value, writer.position)
    writer.position += value.length
    return
  }
  const opened = writer.open(Array.isArray(value) ? ARRAY : MAP)
  if (Array.isArray(value)) for (const item of value as readonly unknown[]) writeItem(writer, item)
  else for (const [key, item] of Object.entries(value)) writeAttribute(writer, ITEM, key, item)
  writer.close(opened)
}

function writeItem(writer: Writer, item: unknown): void {
  if (typeof item === 'object' && item !== null) {
    const opened = writer.open(ITEM)
    writeItems(writer, item)
    writer.close(opened)
    return
  }
  const size = sizeOf(item)
  writer.reserve(size + FRAME)
  writer.bytes[writer.position++] = ITEM
  writer.varint(size)
  writeScalar(writer, item)
}

function isInt64(value: number): boolean {
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63
}

function int64Size(value: number): number {
  if (value >= 0 && value < 2 ** 28) return varintSize(value)
  const high = Math.floor(value / 2 ** 32) >>> 0
  const bits = high === 0 ? 32 - Math.clz32(value >>> 0) : 64 - Math.clz32(high)
  return Math.ceil(bits / 7)
}
