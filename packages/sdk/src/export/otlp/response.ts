import { fieldsOf } from './wire.ts'

/** The part of an accepted request that the endpoint rejected. */
export interface PartialSuccess {
  readonly rejected: number
  readonly message: string | undefined
}

/** Longer messages of an endpoint are truncated. */
const MAX_MESSAGE = 300
const NOTHING: PartialSuccess = { rejected: 0, message: undefined }

/** Reads an `Export…ServiceResponse`. Any other body is ignored: the status means that everything was accepted. */
export function partialSuccessOf(body: Buffer, isJson: boolean): PartialSuccess {
  if (body.length === 0) return NOTHING
  try {
    return isJson ? fromJson(body) : fromProtobuf(body)
  } catch {
    return NOTHING
  }
}

function fromJson(body: Buffer): PartialSuccess {
  const { partialSuccess } = JSON.parse(body.toString('utf8')) as {
    partialSuccess?: Readonly<Record<string, unknown>>
  }
  const rejected = Number(partialSuccess?.['rejectedSpans'] ?? partialSuccess?.['rejectedDataPoints'] ?? 0)
  return { rejected: atLeastZero(rejected), message: textOf(partialSuccess?.['errorMessage']) }
}

function fromProtobuf(body: Buffer): PartialSuccess {
  let rejected = 0
  let message: string | undefined
  for (const { number, type, bytes } of fieldsOf(body)) {
    if (number !== 1 || type !== 2) continue
    for (const inner of fieldsOf(bytes)) {
      if (inner.number === 1 && inner.type === 0) rejected = atLeastZero(Number(inner.integer))
      if (inner.number === 2 && inner.type === 2) message = textOf(inner.bytes.toString('utf8'))
    }
  }
  return { rejected, message }
}

/** The message of a `google.rpc.Status`, in which endpoints explain a refusal. */
export function statusMessageOf(body: Buffer, contentType: string): string | undefined {
  try {
    if (contentType.startsWith('application/json')) {
      return textOf((JSON.parse(body.toString('utf8')) as { message?: unknown }).message)
    }
    if (!contentType.startsWith('application/x-protobuf')) return undefined
    for (const { number, type, bytes } of fieldsOf(body)) {
      if (number === 2 && type === 2) return textOf(bytes.toString('utf8'))
    }
  } catch {
    // The body does not match its content type.
  }
  return undefined
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'

/** The retry delay in milliseconds from a `google.rpc.Status` with a `RetryInfo`. */
export function retryDelayOf(status: Buffer): number | undefined {
  try {
    for (const { number, bytes } of fieldsOf(status)) {
      if (number !== 3) continue
      const [type, value] = [1, 2].map(
        wanted => [...fieldsOf(bytes)].find(({ number: n }) => n === wanted)?.bytes,
      )
      if (type?.toString() === RETRY_INFO) return value ? durationOf(value) : 0
    }
  } catch {
    // Not a status, so there is no delay.
  }
  return undefined
}

/** `RetryInfo { Duration retry_delay = 1 }`, `Duration { int64 seconds = 1; int32 nanos = 2 }`. */
function durationOf(retryInfo: Buffer): number {
  let milliseconds = 0
  for (const { bytes } of fieldsOf(retryInfo)) {
    for (const { number, integer } of fieldsOf(bytes)) {
      if (number === 1) milliseconds += Number(integer) * 1000
      if (number === 2) milliseconds += Number(integer) / 1e6
    }
  }
  return atLeastZero(milliseconds)
}

function atLeastZero(number: number): number {
  return number > 0 ? number : 0
}

function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const line = value.replaceAll(/\s+/g, ' ').trim()
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE - 1)}…` : line
}
