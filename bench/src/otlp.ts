/** Where the spans are in an ExportTraceServiceRequest: resource_spans, scope_spans, spans. */
const PATH = [1, 2, 2] as const

const LENGTH_DELIMITED = 2
const VARINT = 0
const FIXED_64 = 1

/** How many spans are in an OTLP request of the traces service, as protobuf. */
export function countSpans(message: Buffer, depth = 0): number {
  let count = 0
  let at = 0
  while (at < message.length) {
    const tag = readVarint(message, at)
    at = tag.next
    const type = tag.value & 7
    if (type === LENGTH_DELIMITED) {
      const length = readVarint(message, at)
      const end = length.next + length.value
      if (tag.value >> 3 === PATH[depth]) {
        const isSpan = depth === PATH.length - 1
        count += isSpan ? 1 : countSpans(message.subarray(length.next, end), depth + 1)
      }
      at = end
    } else if (type === VARINT) {
      at = readVarint(message, at).next
    } else {
      at += type === FIXED_64 ? 8 : 4
    }
  }
  return count
}

function readVarint(message: Buffer, from: number): { readonly value: number; readonly next: number } {
  let value = 0
  let factor = 1
  for (let at = from; ; at++) {
    const byte = message[at] ?? 0
    value += (byte & 127) * factor
    if (byte < 128) return { value, next: at + 1 }
    factor *= 128
  }
}
