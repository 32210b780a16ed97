import type { Attributes, Context, Span } from '@opentelemetry/api'

import { addFromHook, callHook, reportFailure } from '../../host/guard.ts'
import { isRecording, writeTo } from '../../host/span.ts'
import { exceptionOf } from '../../operation/errors/exception.ts'
import { errorTypeOf } from '../../operation/errors/kind.ts'
import { pickAttributes } from '../../operation/instruments.ts'
import type { Operation } from '../../operation/operation.ts'
import {
  type Ending,
  type ErrorRecording,
  outcomeOf,
  withErrorType,
  writeEnding,
} from '../../operation/outcome.ts'
import type { Settings } from '../../operation/settings.ts'
import { ATTR_ERROR_TYPE } from '../../semconv/attributes.ts'
import { ATTR_HTTP_ROUTE, HTTP_SERVER_METRIC_ATTRIBUTES } from '../../semconv/http.ts'
import { isFault, type Thrown } from './ending.ts'
import type { ForeignSpan } from './foreign-span.ts'
import type { HttpServerRecord } from './options.ts'

/** What is known of a request beyond its start, in the latest names. */
export interface Description {
  /** Name of the span; undefined while there is no route. */
  readonly name: string | undefined
  readonly attributes: Attributes
}

export const NOTHING_KNOWN: Description = { name: undefined, attributes: {} }

/** The span of a request, which this package or another instrumentation has started. */
export interface SpanOwner {
  /**
   * True when the span is ours: listeners of the request run in its context and the span ends after them. Otherwise the
   * other instrumentation does that.
   */
  readonly isOurs: boolean
  readonly span: Span
  /** Attributes at the start, in the latest names. */
  readonly attributes: Attributes
  /** Context in which the span is active. */
  readonly context: Context
  /**
   * An error reached the framework.
   * @param before the error that came before it
   */
  noteThrown(thrown: NonNullable<Thrown>, before: Thrown): void
  /**
   * The response is about to start.
   * @param failure the thrown value when the response is an error
   */
  noteHead(known: Description, failure: Thrown): void
  /** The response has ended. */
  end(ending: Ending, known: Description): void
  /** The process ends before the response. */
  endUnfinished(ending: Ending, known: Description): void
  /** Metric attributes of the ended request; undefined when nothing is measured. */
  readonly measured: Attributes | undefined
}

/** A span started here: the last error decides its outcome, and its duration is measured. */
export class OwnSpan<Request> implements SpanOwner {
  readonly isOurs = true
  private readonly operation: Operation<HttpServerRecord<Request>>
  private readonly settings: Settings<HttpServerRecord<Request>>

  constructor(
    operation: Operation<HttpServerRecord<Request>>,
    settings: Settings<HttpServerRecord<Request>>,
  ) {
    this.operation = operation
    this.settings = settings
  }

  get span(): Span {
    return this.operation.span
  }

  get context(): Context {
    return this.operation.context
  }

  get attributes(): Attributes {
    return this.operation.attributes
  }

  get measured(): Attributes | undefined {
    return this.operation.measured
  }

  noteThrown(_thrown: NonNullable<Thrown>, before: Thrown): void {
    // Errors before the last one would be lost.
    if (before) recordFault(this.operation.span, before.value, this.settings)
  }

  noteHead(): void {}

  end(ending: Ending, { name, attributes }: Description): void {
    if (name !== undefined) this.operation.rename(name)
    this.operation.end(ending, attributes)
  }

  endUnfinished(ending: Ending, known: Description): void {
    this.end(ending, known)
  }
}

/**
 * A span that another instrumentation has started and will end: adds missing attributes, the route, and errors that
 * only the framework sees. The other instrumentation measures the duration.
 */
export class AdoptedSpan<Request> implements SpanOwner {
  readonly isOurs = false
  readonly span: Span
  readonly attributes: Attributes
  readonly context: Context
  measured: Attributes | undefined
  private readonly settings: Settings<HttpServerRecord<Request>>
  private readonly foreign: ForeignSpan
  private readonly record: HttpServerRecord<Request> | undefined
  private readonly openedAt: number = performance.now()
  private hasRecorded = false

  /**
   * @param attributes set immediately, in the latest names; this class owns and extends the object
   * @param record passed to hooks; needed only when `settings.hasHooks`
   * @param context in which that span is active
   */
  constructor(
    settings: Settings<HttpServerRecord<Request>>,
    foreign: ForeignSpan,
    attributes: Attributes,
    record: HttpServerRecord<Request> | undefined,
    context: Context,
  ) {
    this.settings = settings
    this.foreign = foreign
    this.span = foreign.span
    this.attributes = attributes
    this.record = record
    this.context = context
    const { attributes: hook, onStart } = settings.options
    if (hook && record) addFromHook(attributes, 'attributes', hook, record)
    this.writeMissing()
    if (onStart && record) callHook('onStart', onStart, this.span, record)
  }

  noteThrown({ value }: NonNullable<Thrown>): void {
    if (recordFault(this.span, value, this.settings)) this.hasRecorded = true
  }

  /** The other instrumentation may end the span with the last byte. */
  noteHead(known: Description, failure: Thrown): void {
    this.describe(known)
    if (failure && isRecording(this.span)) this.write({ [ATTR_ERROR_TYPE]: errorTypeOf(failure.value) })
  }

  end(ending: Ending, known: Description): void {
    try {
      this.describe(known)
      if (isRecording(this.span)) {
        this.write(withErrorType({}, ending))
        if (ending.failed) {
          const { recordExceptions, rawErrors } = this.settings
          writeEnding(this.span, ending, {
            recordExceptions: recordExceptions && !this.hasRecorded,
            rawErrors,
          })
        }
      }
    } catch (error) {
      reportFailure('describing a response', error)
    }
    const { record, settings } = this
    const { metricAttributes, options } = settings
    const outcome = outcomeOf(ending, performance.now() - this.openedAt)
    if (options.onEnd && record) callHook('onEnd', options.onEnd, this.span, record, outcome)
    const added: Attributes = {}
    if (metricAttributes && record) {
      addFromHook(added, 'metrics.attributes', metricAttributes, record, outcome)
    }
    const finished = { ...withErrorType(this.attributes, ending), ...known.attributes }
    this.measured = pickAttributes(finished, HTTP_SERVER_METRIC_ATTRIBUTES, added)
  }

  /** The other instrumentation would end the span with a response that will never be sent. */
  endUnfinished(ending: Ending, known: Description): void {
    this.end(ending, known)
    writeTo(this.span, 'end')
  }

  private writeMissing(): void {
    const { settings, span, attributes } = this
    const present = (span as { attributes?: Attributes }).attributes ?? {}
    for (const [key, value] of Object.entries(settings.translate?.(attributes) ?? attributes)) {
      if (value !== undefined && !(key in present)) writeTo(span, 'setAttribute', key, value)
    }
  }

  private describe({ name, attributes }: Description): void {
    const route = attributes[ATTR_HTTP_ROUTE] as string | undefined
    if (this.foreign.metadata && route !== undefined) this.foreign.metadata.route = route
    if (!isRecording(this.span)) return
    this.write(attributes)
    if (name !== undefined) writeTo(this.span, 'updateName', name)
  }

  private write(attributes: Attributes): void {
    writeTo(this.span, 'setAttributes', this.settings.translate?.(attributes) ?? attributes)
  }
}

/** @returns whether the value was recorded as an exception */
function recordFault(span: Span, value: unknown, settings: ErrorRecording): boolean {
  if (!settings.recordExceptions || !isRecording(span) || !isFault(value)) return false
  writeTo(span, 'recordException', exceptionOf(value, settings.rawErrors))
  return true
}
