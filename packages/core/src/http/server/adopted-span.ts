import {
  type Attributes,
  type Context,
  createContextKey,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api'

import { addFromHook, callHook, reportFailure } from '../../host/guard.ts'
import { isRecording, writeTo } from '../../host/span.ts'
import { pickAttributes } from '../../operation/instruments.ts'
import { exceptionOf } from '../../operation/errors/exception.ts'
import { errorTypeOf } from '../../operation/errors/kind.ts'
import { type Ending, outcomeOf, withErrorType, writeEnding } from '../../operation/outcome.ts'
import type { Settings } from '../../operation/settings.ts'
import { ATTR_ERROR_TYPE } from '../../semconv/attributes.ts'
import { ATTR_HTTP_ROUTE, HTTP_SERVER_METRIC_ATTRIBUTES } from '../../semconv/http.ts'
import { isFault, type Thrown } from './ending.ts'
import type { HttpServerRecord } from './options.ts'
import type { Description, SpanOwner } from './owner.ts'

// The key of getRPCMetadata() of @opentelemetry/core, by its registered symbol: core depends on the API alone.
const RPC_METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA')

/** What an HTTP instrumentation stores in the context so that a framework can set the route. */
interface RpcMetadata {
  readonly type?: unknown
  readonly span?: Span
  route?: string
}

/** The server span that another instrumentation has started for the request of a context. */
export interface ForeignSpan {
  readonly span: Span
  readonly metadata: RpcMetadata | undefined
}

/** Finds the span of another HTTP instrumentation, such as OpenTelemetry's own. */
export function findForeignSpan(context: Context): ForeignSpan | undefined {
  const metadata = context.getValue(RPC_METADATA) as RpcMetadata | undefined
  const span = trace.getSpan(context)
  if (metadata?.type === 'http' && metadata.span) return { span: metadata.span, metadata }
  if (!isRecording(span)) return undefined
  return (span as { kind?: unknown }).kind === SpanKind.SERVER ? { span, metadata: undefined } : undefined
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
    const { recordExceptions, rawErrors } = this.settings
    if (!isRecording(this.span) || !recordExceptions || !isFault(value)) return
    this.hasRecorded = true
    writeTo(this.span, 'recordException', exceptionOf(value, rawErrors))
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
