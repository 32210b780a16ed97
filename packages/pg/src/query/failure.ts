import type { Attributes, Exception } from '@opentelemetry/api'
import {
  ATTR_DB_RESPONSE_STATUS_CODE,
  ATTR_SPANWRIGHT_DB_ERROR_COLUMN,
  ATTR_SPANWRIGHT_DB_ERROR_CONSTRAINT,
  ATTR_SPANWRIGHT_DB_ERROR_SCHEMA,
  ATTR_SPANWRIGHT_DB_ERROR_TABLE,
} from '@spanwright/core/semconv'
import { type Ending, exceptionOf, failure } from '@spanwright/core/plugin'

import { conditionOf } from './sqlstate.ts'

/** An error that the server sent, with the fields of its message. */
interface ServerError {
  readonly code: string
  readonly name?: unknown
  readonly message?: unknown
  readonly stack?: unknown
  readonly schema?: unknown
  readonly table?: unknown
  readonly column?: unknown
  readonly constraint?: unknown
}

const SQLSTATE = /^[0-9A-Z]{5}$/

/** True for an error of the server; network errors have codes too (EPIPE), but no severity. */
export function isServerError(error: unknown): error is ServerError {
  if (typeof error !== 'object' || error === null) return false
  const { code, severity } = error as { code?: unknown; severity?: unknown }
  return typeof code === 'string' && SQLSTATE.test(code) && typeof severity === 'string'
}

/**
 * How a query ended that failed. PostgreSQL quotes values in its messages, so unless `rawMessages` an error of the
 * server shows SQLSTATE and condition name instead of its message. Errors of the network or the pool keep theirs.
 * @param late is given the attributes of the failure
 */
export function failureOf(error: unknown, rawMessages: boolean, late: Attributes): Ending {
  if (!isServerError(error)) {
    const errorType = ownErrorType(error)
    return errorType === undefined ? failure(error) : { ...failure(error), errorType }
  }
  late[ATTR_DB_RESPONSE_STATUS_CODE] = error.code
  for (const [field, key] of NAMED) {
    const value = error[field]
    if (typeof value === 'string') late[key] = value
  }
  const ending: Ending = { ...failure(error), errorType: error.code }
  if (rawMessages) return ending
  const condition = conditionOf(error.code)
  const description = condition === undefined ? error.code : `${error.code} ${condition}`
  return { ...ending, description, exception: withoutMessage(error, description) }
}

const NAMED = [
  ['schema', ATTR_SPANWRIGHT_DB_ERROR_SCHEMA],
  ['table', ATTR_SPANWRIGHT_DB_ERROR_TABLE],
  ['column', ATTR_SPANWRIGHT_DB_ERROR_COLUMN],
  ['constraint', ATTR_SPANWRIGHT_DB_ERROR_CONSTRAINT],
] as const

/** The exception event with another message, in its stack too. */
function withoutMessage(error: ServerError, message: string): Exception {
  const name = String((exceptionOf(error) as { name?: unknown }).name)
  const frames = framesOf(error)
  return frames === undefined ? { name, message } : { name, message, stack: `${name}: ${message}${frames}` }
}

/** What follows the message in a stack; undefined when the two cannot be told apart. */
function framesOf({ message, stack }: ServerError): string | undefined {
  if (typeof stack !== 'string' || typeof message !== 'string') return undefined
  const at = stack.indexOf(message)
  return at < 0 ? undefined : stack.slice(at + message.length)
}

// node-postgres gives its timeouts neither a code nor a class.
const TIMEOUT = 'timeout'
const TIMEOUTS: ReadonlySet<string> = new Set([
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
  'timeout expired',
  'Query read timeout',
])
const LOST: ReadonlySet<string> = new Set(['Connection terminated', 'Connection terminated unexpectedly'])

/** True when a failure is that of a wait that took too long. */
export function isTimeout(error: unknown): boolean {
  return ownErrorType(error) === TIMEOUT
}

/** `error.type` of a failure of node-postgres itself, which only its message tells. */
function ownErrorType(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { message, code } = error as { message?: unknown; code?: unknown }
  if (typeof message !== 'string' || code !== undefined) return undefined
  return TIMEOUTS.has(message) ? TIMEOUT : LOST.has(message) ? 'connection_terminated' : undefined
}
