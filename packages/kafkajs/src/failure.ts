import {
  type Ending,
  errorTypeOf,
  failure,
  isError,
  recogniseErrors,
  withholdMessage,
} from '@spanwright/core/plugin'

/** The ending of an operation whose application handler failed. */
export function kafkaFailure(error: unknown): Ending {
  return { ...failure(error), errorType: kafkaErrorType(error) }
}

/**
 * The ending of a failed client operation. Other errors than those of the library or the network come from the given
 * values, which their message may quote.
 */
export function clientFailure(error: unknown): Ending {
  const isOfNetwork = typeof (Object(error) as { syscall?: unknown }).syscall === 'string'
  if (isError(error) && !isOfNetwork && textOf(error) === undefined) withholdMessage(error)
  return kafkaFailure(error)
}

recogniseErrors('kafka', textOf)

/** The recordable text of a Kafka client's error; undefined for any other error. */
function textOf(error: object): string | undefined {
  const { name, code, type, message, cause } = error as Partial<Record<string, unknown>>
  if (!isOfClient(name, code)) return undefined
  // Derived from the error number in the broker's response.
  if (name === 'KafkaJSProtocolError' && typeof type === 'string' && PROTOCOL_ERROR.test(type)) {
    return String(message)
  }
  if (typeof cause === 'object' && cause !== null) {
    const text = textOf(cause)
    if (text !== undefined) return text
  }
  return (typeof message === 'string' && OWN_MESSAGES.exec(message)?.[0]) || codeOf(code)
}

function isOfClient(name: unknown, code: unknown): boolean {
  if (typeof code === 'string' && code.startsWith('PLT_KFK_')) return true
  return typeof name === 'string' && (name.startsWith('KafkaJS') || name === 'LibrdKafkaError')
}

function codeOf(code: unknown): string {
  return typeof code === 'string' && /^PLT_KFK_[A-Z_]{1,50}$/.test(code) ? code : ''
}

/** Beginnings of messages that contain nothing of a record. kafkajs prints the whole record that it refuses. */
const OWN_MESSAGES = new RegExp(
  [
    'Invalid message without value for topic "[^"]*"',
    'Invalid (?:topic|messages array|partition metadata|offset)',
    'The producer is disconnected',
    'The consumer is disconnected',
    'Connection (?:timeout|error|closed by the server)',
    'Not connected',
    'Closed connection',
    'Failed to connect',
    'Topic metadata not loaded',
    'Producing to topic without metadata',
    'Topic has been updated',
    'No brokers in the broker pool',
    'Failed to find group coordinator',
    'Method unavailable if non-transactional',
    'Must provide transactional id for transactional producer',
    'Cannot manage transactions without a transactionalId',
    'Cannot continue to use transaction once ended',
    'There is already an ongoing transaction for this producer',
    'API Versions not supported',
    // Those of @platformatic/kafka.
    String.raw`Received response with error while executing API \w+\(v\d+\)`,
    String.raw`\w+ failed \d+ times\.`,
  ]
    .map(message => `^${message}`)
    .join('|'),
)

/**
 * Kafka's name for the error, such as `UNKNOWN_TOPIC_OR_PARTITION`, or the system error code, such as `ECONNREFUSED`,
 * even when kafkajs has wrapped the error after giving up; otherwise the class name.
 */
function kafkaErrorType(error: unknown, depth = 0): string {
  try {
    if (typeof error === 'object' && error !== null && depth < MAX_DEPTH) {
      const { type, apiId = type, name, code, cause, errors } = error as Partial<Record<string, unknown>>
      if (typeof apiId === 'string' && PROTOCOL_ERROR.test(apiId)) return apiId
      const listed = typeof code === 'number' && nameInList(error, code)
      if (listed) return listed
      const inner = Array.isArray(errors) ? (errors as unknown[]).at(-1) : cause
      const gaveUp = GAVE_UP.has(name) || GAVE_UP.has(code)
      if (gaveUp && inner) return kafkaErrorType(inner, depth + 1)
    }
  } catch {
    // An error whose properties throw has no specific name.
  }
  return errorTypeOf(error)
}

/** Errors of librdkafka have a number; their class has the names, such as `ERR__QUEUE_FULL`. */
function nameInList(error: object, code: number): string | undefined {
  const { codes } = error.constructor as { codes?: Readonly<Record<string, unknown>> }
  return Object.keys(Object(codes) as object).find(
    name => PROTOCOL_ERROR.test(name) && codes?.[name] === code,
  )
}

const MAX_DEPTH = 10
const PROTOCOL_ERROR = /^[A-Z][A-Z_]{2,63}$/
/** Names and codes of errors that wrap the previous one, or those of several attempts. */
const GAVE_UP: ReadonlySet<unknown> = new Set([
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSNonRetriableError',
  'PLT_KFK_MULTIPLE',
  'PLT_KFK_RESPONSE',
  'PLT_KFK_NETWORK',
])
