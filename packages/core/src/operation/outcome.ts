import { type Attributes, type Span, SpanStatusCode } from '@opentelemetry/api'

import { exceptionOf } from './errors/exception.ts'
import { errorTypeOf } from './errors/kind.ts'
import { writeTo } from '../host/span.ts'
import { ATTR_ERROR_TYPE, ERROR_TYPE_OTHER } from '../semconv/attributes.ts'

/** How an operation ended, as passed to `onEnd` and `metrics.attributes`. */
export interface Outcome {
  /** The thrown value, or the reason of the failure; absent on success. */
  readonly error?: unknown
  /** Status code of an HTTP response, or of a gRPC call as a number. */
  readonly statusCode?: number
  /** The result of the wrapped call, when the plugin has it. */
  readonly result?: unknown
  /** Duration in milliseconds. */
  readonly durationMs: number
}

/** How an operation ended, as reported by its plugin. An empty object means success. */
export interface Ending {
  /** True when the span is an error. An exception alone does not make it one. */
  readonly failed?: boolean
  /** The thrown value, boxed because any value can be thrown, including `undefined`. Recorded as an exception event. */
  readonly thrown?: { readonly value: unknown }
  /** `error.type` of a failure. Default: derived from the thrown value. */
  readonly errorType?: string
  /** Status description of a failure. Default: the recordable message of the thrown value. */
  readonly description?: string
  readonly statusCode?: number
  readonly result?: unknown
  /** True: not recorded by the duration metric. */
  readonly unmeasured?: boolean
  /** End time on the clock of `performance.now()`. Default: now. */
  readonly endedAt?: number
}

/** An operation that succeeded. */
export const SUCCESS: Ending = Object.freeze({})

/** An operation that failed by a throw, a rejection or an error event. */
export function failure(value: unknown): Ending {
  return { failed: true, thrown: { value } }
}

/** `error.type` of an ending; undefined when it isn't a failure. */
function errorTypeOfEnding(ending: Ending): string | undefined {
  if (!ending.failed) return undefined
  return ending.errorType ?? (ending.thrown ? errorTypeOf(ending.thrown.value) : ERROR_TYPE_OTHER)
}

/** How errors are recorded on spans. */
export interface ErrorRecording {
  /** True: as exception events in addition to the status. */
  readonly recordExceptions: boolean
  /** True: with unchanged messages. */
  readonly rawErrors: boolean
}

/** Writes an ending to a recording span: exception event, then status. Success leaves the status unset. */
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

/** The outcome passed to `onEnd` and `metrics.attributes`. */
export function outcomeOf(ending: Ending, durationMs: number): Outcome {
  return {
    ...(ending.thrown && { error: ending.thrown.value }),
    ...(ending.statusCode !== undefined && { statusCode: ending.statusCode }),
    ...(ending.result !== undefined && { result: ending.result }),
    durationMs: Math.max(0, durationMs),
  }
}

/** The attributes, with `error.type` when the ending is a failure. The given object is never written to. */
export function withErrorType(attributes: Attributes, ending: Ending): Attributes {
  const errorType = errorTypeOfEnding(ending)
  return errorType === undefined ? attributes : { ...attributes, [ATTR_ERROR_TYPE]: errorType }
}
