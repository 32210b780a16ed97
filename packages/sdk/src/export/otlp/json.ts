import type { FieldShape, MessageShape, Scalar } from './messages.ts'
import { fieldsOf, varintsOf, type WireField } from './wire.ts'

/** A message for `JSON.stringify`. */
export type JsonMessage = Record<string, unknown>

/**
 * Converts a protobuf message to the JSON that OTLP specifies: ids in hex, 64-bit integers as strings, non-finite
 * numbers as `"NaN"`, `"Infinity"` and `"-Infinity"`. Unknown fields are omitted.
 * @throws RangeError when the message is truncated
 */
export function jsonOf(message: Buffer, shape: MessageShape): JsonMessage {
  const json: JsonMessage = {}
  for (const field of fieldsOf(message)) {
    const known = shape[field.number]
    if (!known) continue
    if (known.repeated) ((json[known.name] ??= []) as unknown[]).push(...valuesOf(field, known))
    else json[known.name] = valueOf(field, known.of)
  }
  return json
}

/** A field may contain several packed numbers. */
function valuesOf(field: WireField, { of }: FieldShape): unknown[] {
  const { bytes } = field
  if (field.type !== 2 || typeof of === 'function') return [valueOf(field, of)]
  if (of === 'varint') return [...varintsOf(bytes)].map(String)
  if (of !== 'long' && of !== 'double') return [valueOf(field, of)]
  return Array.from({ length: bytes.length / 8 }, (_item, index) =>
    valueOf({ ...field, type: 1, bytes: bytes.subarray(8 * index, 8 * index + 8) }, of),
  )
}

function valueOf({ type, integer, bytes }: WireField, of: Scalar | (() => MessageShape)): unknown {
  if (typeof of === 'function') return jsonOf(bytes, of())
  switch (of) {
    case 'string':
      return bytes.toString('utf8')
    case 'bool':
      return integer !== 0n
    case 'number':
      return type === 5 ? bytes.readUInt32LE() : Number(integer)
    case 'zigzag':
      return Number((integer >> 1n) ^ -(integer & 1n))
    case 'integer':
    case 'long':
    case 'varint':
      return jsonInteger(type === 1 ? bytes.readBigInt64LE() : integer, of === 'integer')
    case 'double':
      return jsonNumber(bytes.readDoubleLE())
    default:
      return bytes.toString(of)
  }
}

function jsonInteger(value: bigint, canBeNumber: boolean): number | string {
  return canBeNumber && Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}

function jsonNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}
