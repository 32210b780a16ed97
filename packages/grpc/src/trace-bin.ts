import type { SpanContext } from '@opentelemetry/api'

/** Key of the binary form of a trace context. */
export const TRACE_BIN = 'grpc-trace-bin'

// A version byte, then fields, each after a byte that identifies it: trace id, span id, flags
// (https://github.com/census-instrumentation/opencensus-specs/blob/master/encodings/BinaryEncoding.md).
const TRACE_ID = 2
const SPAN_ID = 19
const FLAGS = 28
const LENGTH = 29

export function encodeTraceBin({ traceId, spanId, traceFlags }: SpanContext): Buffer {
  const bytes = Buffer.alloc(LENGTH)
  bytes.write(traceId, TRACE_ID, 'hex')
  bytes[SPAN_ID - 1] = 1
  bytes.write(spanId, SPAN_ID, 'hex')
  bytes[FLAGS - 1] = 2
  bytes[FLAGS] = traceFlags
  return bytes
}

/** @returns the same as `traceparent`; undefined when it isn't a trace context */
export function decodeTraceBin(bytes: unknown): string | undefined {
  if (!Buffer.isBuffer(bytes) || bytes.length < FLAGS - 1) return undefined
  if (bytes[0] !== 0 || bytes[TRACE_ID - 1] !== 0 || bytes[SPAN_ID - 1] !== 1) return undefined
  const traceId = bytes.toString('hex', TRACE_ID, SPAN_ID - 1)
  const spanId = bytes.toString('hex', SPAN_ID, FLAGS - 1)
  const hasFlags = bytes.length >= LENGTH && bytes[FLAGS - 1] === 2
  return `00-${traceId}-${spanId}-0${hasFlags ? (bytes[FLAGS] ?? 0) & 1 : 0}`
}
