import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'

import { exceptionOf } from './errors/exception.ts'
import { errorTypeOf } from './errors/kind.ts'
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
  /** Status description of a failure; default: the message of what was thrown, as far as it may be shown. */
  readonly description?: string
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

/** `error.type` of an ending; undefined when it is no failure. */
function errorTypeOfEnding(ending: Ending): string | undefined {
  if (!ending.failed) return undefined
  return ending.errorType ?? (ending.thrown ? errorTypeOf(ending.thrown.value) : ERROR_TYPE_OTHER)
}

/** How errors are written on spans. */
export interface ErrorRecording {
  /** True: as exception events besides the status. */
  readonly recordExceptions: boolean
  /** True: with their messages as they are. */
  readonly rawErrors: boolean
}

/** Writes an ending on a recording span: exception event, then status. Success leaves the status unset. */
export function writeEnding(
  span: Span,
  ending: Ending,
  { recordExceptions, rawErrors }: ErrorRecording,
): void {
  if (!ending.failed && !(ending.thrown && recordExceptions)) return
  const exception = ending.thrown && exceptionOf(ending.thrown.value, rawErrors)
  if (exception && recordExceptions) writeTo(span, 'recordException', exception)
  if (!ending.failed) return
  const message = ending.description ?? exception?.message
  const code = SpanStatusCode.ERROR
  writeTo(span, 'setStatus', message ? { code, message } : { code })
}

/** What `onEnd` and `metrics.attributes` are shown of an ending. */
export function outcomeOf(ending: Ending, durationMs: number): Outcome {
  return {
    ...(ending.thrown && { error: ending.thrown.value }),
    ...(ending.statusCode !== undefined && { statusCode: ending.statusCode }),
    ...(ending.result !== undefined && { result: ending.result }),
    durationMs: Math.max(0, durationMs),
  }
}

/** Attributes with `error.type` when the ending is a failure. What was given is never written to. */
export function withErrorType(attributes: Attributes, ending: Ending): Attributes {
  const errorType = errorTypeOfEnding(ending)
  return errorType === undefined ? attributes : { ...attributes, [ATTR_ERROR_TYPE]: errorType }
}
