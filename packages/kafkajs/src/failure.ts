import { type Ending, errorTypeOf, exceptionOf, failure } from '@spanwright/core/plugin'

/** How an operation ends that kafkajs, or a handler, failed. */
export function kafkaFailure(error: unknown): Ending {
  const ending = { ...failure(error), errorType: kafkaErrorType(error) }
  const exception = exceptionOf(error)
  const message = typeof exception === 'object' ? exception.message : exception
  const safe = message && withoutRecord(message)
  if (!safe || safe === message || typeof exception !== 'object') return ending
  const stack = exception.stack?.replace(message, safe)
  return { ...ending, description: safe, exception: { ...exception, message: safe, ...(stack && { stack }) } }
}

const REFUSED_RECORD = /^(Invalid message without value for topic "[^"]*"): /

/** kafkajs prints the whole record it refuses: key, headers and all. They are not for the span. */
function withoutRecord(message: string): string {
  return REFUSED_RECORD.exec(message)?.[1] ?? message
}

/**
 * The broker's name for the error, such as `UNKNOWN_TOPIC_OR_PARTITION`, or the system's, such as `ECONNREFUSED`,
 * also where kafkajs has wrapped it because it gave up; else the name of the class.
 */
function kafkaErrorType(error: unknown, depth = 0): string {
  try {
    if (typeof error === 'object' && error !== null && depth < MAX_DEPTH) {
      const { type, apiId = type, name, code, cause, errors } = error as Partial<Record<string, unknown>>
      if (typeof apiId === 'string' && PROTOCOL_ERROR.test(apiId)) return apiId
      const inner = Array.isArray(errors) ? (errors as unknown[]).at(-1) : cause
      const gaveUp = GAVE_UP.has(name) || GAVE_UP.has(code)
      if (gaveUp && inner) return kafkaErrorType(inner, depth + 1)
    }
  } catch {
    // An error whose properties throw has no name of its own.
  }
  return errorTypeOf(error)
}

const MAX_DEPTH = 10
const PROTOCOL_ERROR = /^[A-Z][A-Z_]{2,63}$/
/** Names and codes of errors that stand for the one before, or for those of several attempts. */
const GAVE_UP: ReadonlySet<unknown> = new Set([
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSNonRetriableError',
  'PLT_KFK_MULTIPLE',
  'PLT_KFK_RESPONSE',
  'PLT_KFK_NETWORK',
])
