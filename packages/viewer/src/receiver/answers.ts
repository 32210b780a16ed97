/** The two encodings of OTLP over HTTP. */
export type Encoding = 'application/x-protobuf' | 'application/json'

/** The encoding for a content type. */
export function encodingOf(contentType = ''): Encoding | undefined {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  return type === 'application/x-protobuf' || type === 'application/json' ? type : undefined
}

/** `ExportTraceServiceResponse`: empty when everything was accepted. */
export function successOf(encoding: Encoding, rejected: number, reason: string): Buffer {
  if (encoding === 'application/json') {
    const partial = { partialSuccess: { rejectedSpans: String(rejected), errorMessage: reason } }
    return Buffer.from(JSON.stringify(rejected > 0 ? partial : {}))
  }
  if (rejected === 0) return Buffer.alloc(0)
  return field(1, Buffer.concat([Buffer.from([1 << 3]), varint(rejected), field(2, Buffer.from(reason))]))
}

/** gRPC's `INVALID_ARGUMENT`. */
const INVALID_ARGUMENT = 3

/** `google.rpc.Status`. */
export function failureOf(encoding: Encoding, message: string): Buffer {
  if (encoding === 'application/json') return Buffer.from(JSON.stringify({ code: INVALID_ARGUMENT, message }))
  return Buffer.concat([Buffer.from([1 << 3, INVALID_ARGUMENT]), field(2, Buffer.from(message))])
}

function field(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}
