import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_DB_RESPONSE_STATUS_CODE,
  ATTR_SPANWRIGHT_DB_ERROR_COLUMN,
  ATTR_SPANWRIGHT_DB_ERROR_CONSTRAINT,
  ATTR_SPANWRIGHT_DB_ERROR_SCHEMA,
  ATTR_SPANWRIGHT_DB_ERROR_TABLE,
} from '@spanwright/core/semconv'
import { type Ending, failure, recogniseErrors, withholdMessage } from '@spanwright/core/plugin'

import { conditionOf } from './sqlstate.ts'

/** An error sent by the server, with its message fields. */
interface ServerError {
  readonly code: string
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

// PostgreSQL quotes values in its messages.
recogniseErrors('pg', error => (isServerError(error) ? textOf(error) : undefined))

/** SQLSTATE and condition name. */
function textOf({ code }: ServerError): string {
  const condition = conditionOf(code)
  return condition === undefined ? code : `${code} ${condition}`
}

/**
 * The ending of a failed query.
 * @param late receives the attributes of the failure
 */
export function failureOf(error: unknown, late: Attributes): Ending {
  if (!isServerError(error)) {
    withholdUnknown(error)
    const errorType = ownErrorType(error)
    return errorType === undefined ? failure(error) : { ...failure(error), errorType }
  }
  late[ATTR_DB_RESPONSE_STATUS_CODE] = error.code
  for (const [field, key] of NAMED) {
    const value = error[field]
    if (typeof value === 'string') late[key] = value
  }
  return { ...failure(error), errorType: error.code }
}

/**
 * Withholds the message of an error that comes neither from the server, the network nor node-postgres itself: type
 * parsers quote rows, and libpq quotes its input.
 */
export function withholdUnknown(error: unknown): void {
  if (isServerError(error)) return
  const { message, syscall } = Object(error) as { message?: unknown; syscall?: unknown }
  if (syscall === undefined && !OWN_MESSAGES.has(message)) withholdMessage(error)
}

const NAMED = [
  ['schema', ATTR_SPANWRIGHT_DB_ERROR_SCHEMA],
  ['table', ATTR_SPANWRIGHT_DB_ERROR_TABLE],
  ['column', ATTR_SPANWRIGHT_DB_ERROR_COLUMN],
  ['constraint', ATTR_SPANWRIGHT_DB_ERROR_CONSTRAINT],
] as const

// node-postgres gives its timeouts neither a code nor a class.
const TIMEOUT = 'timeout'
const TIMEOUTS: ReadonlySet<string> = new Set([
  'timeout exceeded when trying to connect',
  'Connection terminated due to connection timeout',
  'timeout expired',
  'Query read timeout',
])
/** Message for a query cancelled while it waited in its client's queue. */
const CANCELLED = 'The query was cancelled before it was sent'
const LOST: ReadonlySet<string> = new Set(['Connection terminated', 'Connection terminated unexpectedly'])
/** Messages of node-postgres that contain nothing of a query. */
const OWN_MESSAGES: ReadonlySet<unknown> = new Set([
  ...TIMEOUTS,
  ...LOST,
  CANCELLED,
  'Cannot use a pool after calling end on the pool',
  'Client was closed and is not queryable',
  'Client has encountered a connection error and is not queryable',
  'Client has already been connected. You cannot reuse a client.',
  'A query must have either text or a name. Supplying neither is unsupported.',
  'Query values must be an array',
  'The server does not support SSL connections',
  'There was an error establishing an SSL connection',
])

/** True for a timeout. */
export function isTimeout(error: unknown): boolean {
  return ownErrorType(error) === TIMEOUT
}

/** `error.type` of a failure of node-postgres itself, which only its message identifies. */
function ownErrorType(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { message, code } = error as { message?: unknown; code?: unknown }
  if (typeof message !== 'string' || code !== undefined) return undefined
  if (message === CANCELLED) return 'cancelled'
  return TIMEOUTS.has(message) ? TIMEOUT : LOST.has(message) ? 'connection_terminated' : undefined
}
