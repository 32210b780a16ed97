import { type Attributes, type Exception, type Span, SpanStatusCode } from '@opentelemetry/api'

import { writeTo } from '../host/span.ts'
import { ATTR_ERROR_TYPE, ERROR_TYPE_OTHER } from '../semconv/attributes.ts'

/** How an operation ended, as `onEnd` and `metrics.attributes` see it. */
export interface Outcome {
  /** What was thrown, or the reason of the failure; absent when there is none. */
  readonly error?: unknown
  /** Status code of an HTTP response. */
  readonly statusCode?: number
  /** What the wrapped call returned, where the plugin holds it. */
  readonly result?: unknown
  /** Duration in milliseconds. */
  readonly durationMs: number
}

/** How an operation ended, as its plugin saw it. Everything absent is a success. */
export interface Ending {
  /** True when the span is an error. An exception alone does not make it one. */
  readonly failed?: boolean
  /** What was thrown, boxed because anything can be thrown, `undefined` too. Makes the exception event. */
  readonly thrown?: { readonly value: unknown }
  /** `error.type` of a failure; default: told from what was thrown. */
  readonly errorType?: string
  /** Status description of a failure; default: the message of what was thrown. */
  readonly description?: string
  /** What the exception event shows; default: told from what was thrown. */
  readonly exception?: Exception
  readonly statusCode?: number
  readonly result?: unknown
  /** True: the duration metric leaves it out. */
  readonly unmeasured?: boolean
  /** When it ended, as `performance.now()` told then; default: now. */
  readonly endedAt?: number
}

/** An operation that succeeded. */
export const SUCCESS: Ending = Object.freeze({})

/** An operation that failed by a throw, a rejection or an error event. */
export function failure(value: unknown): Ending {
  return { failed: true, thrown: { value } }
}

/**
 * The low-cardinality name of an error: `code` such as `ECONNREFUSED`, else the name of its class, else `_OTHER`.
 * Never throws, whatever was thrown.
 */
export function errorTypeOf(value: unknown): string {
  try {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return ERROR_TYPE_OTHER
    const code = textOf(value, 'code')
    if (CODE.test(code)) return code
    return classNameOf(value)
  } catch {
    return ERROR_TYPE_OTHER
  }
}

// Codes are upper case by custom (ECONNREFUSED, UND_ERR_SOCKET, P2002), and an SQLSTATE has five characters and may begin
// with a digit (23505, 2200G); anything else may be free text.
const CODE = /^(?:[A-Z][A-Z0-9_]{1,63}|[0-9][0-9A-Z]{4})$/
const CLASS_NAME = /^[A-Za-z_$][\w$.]{0,99}$/
const BUILT_IN_NAME = /^(?:Aggregate|Eval|Range|Reference|Syntax|Type|URI)?Error$/

/** A name set on purpose wins; a built-in one may only be inherited, then the class says more. */
function classNameOf(value: object): string {
  const name = textOf(value, 'name')
  if (CLASS_NAME.test(name) && !BUILT_IN_NAME.test(name)) return name
  const className = value.constructor?.name
  // Shorter than any name a person gives: a minifier's, another one in the next build.
  const isTelling = typeof className === 'string' && className.length > 2 && CLASS_NAME.test(className)
  if (isTelling && className !== 'Object') return className
  return CLASS_NAME.test(name) ? name : ERROR_TYPE_OTHER
}

/** The property `name` of what was thrown; an empty text when it has none that can be read. */
export function nameOf(value: unknown): string {
  return value === null || typeof value !== 'object' ? '' : textOf(value, 'name')
}

/** What was thrown, in the form an exception event takes. Never throws. */
export function exceptionOf(value: unknown): Exception {
  if (value === null || typeof value !== 'object') {
    // A function would show its source.
    return {
      name: value === null ? 'null' : typeof value,
      message: typeof value === 'function' ? '' : wellFormed(String(value)),
    }
  }
  const exception = { name: exceptionNameOf(value), message: textOf(value, 'message') }
  const stack = textOf(value, 'stack')
  return stack ? { ...exception, stack } : exception
}

function exceptionNameOf(value: object): string {
  try {
    return classNameOf(value)
  } catch {
    return ERROR_TYPE_OTHER
  }
}

/** Half of a surrogate pair, which may come out of a JSON body, cannot be sent as UTF-8. */
function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, '\ufffd')
}

/** A property that is a text; an empty one when it is not, or cannot be read. */
function textOf(value: object, key: string): string {
  try {
    const property = (value as Record<string, unknown>)[key]
    return typeof property === 'string' ? wellFormed(property) : ''
  } catch {
    return ''
  }
}

/** `error.type` of an ending; undefined when it is no failure. */
function errorTypeOfEnding(ending: Ending): string | undefined {
  if (!ending.failed) return undefined
  return ending.errorType ?? (ending.thrown ? errorTypeOf(ending.thrown.value) : ERROR_TYPE_OTHER)
}

/** Writes an ending on a recording span: exception event, then status. Success leaves the status unset. */
export function writeEnding(span: Span, ending: Ending, recordExceptions: boolean): void {
  const exception = ending.thrown && (ending.exception ?? exceptionOf(ending.thrown.value))
  if (exception && recordExceptions) writeTo(span, 'recordException', exception)
  if (!ending.failed) return
  const message = ending.description ?? messageOf(exception)
  const code = SpanStatusCode.ERROR
  writeTo(span, 'setStatus', message ? { code, message } : { code })
}

function messageOf(exception: Exception | undefined): string | undefined {
  return typeof exception === 'object' ? exception.message : exception
}

/** What `onEnd` and `metrics.attributes` are shown of an ending. */
export function outcomeOf(ending: Ending, durationMs: number): Outcome {
  return {
    ...(ending.thrown && { error: ending.thrown.value }),
    ...(ending.statusCode !== undefined && { statusCode: ending.statusCode }),
    ...(ending.result !== undefined && { result: ending.result }),
    durationMs,
  }
}

/** Attributes with `error.type` when the ending is a failure. What was given is never written to. */
export function withErrorType(attributes: Attributes, ending: Ending): Attributes {
  const errorType = errorTypeOfEnding(ending)
  return errorType === undefined ? attributes : { ...attributes, [ATTR_ERROR_TYPE]: errorType }
}
