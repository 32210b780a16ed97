import type { Attributes, Context, Span } from '@opentelemetry/api'

import { writeTo } from '../../host/span.ts'
import type { Operation } from '../../operation/operation.ts'
import { exceptionOf } from '../../operation/errors/exception.ts'
import type { Ending, ErrorRecording } from '../../operation/outcome.ts'
import { isFault, type Thrown } from './ending.ts'
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
  private readonly errors: ErrorRecording

  constructor(operation: Operation<HttpServerRecord<Request>>, errors: ErrorRecording) {
    this.operation = operation
    this.errors = errors
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
    if (before && this.errors.recordExceptions && isFault(before.value)) {
      writeTo(this.operation.span, 'recordException', exceptionOf(before.value, this.errors.rawErrors))
    }
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
