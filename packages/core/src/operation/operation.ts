import type { Attributes, Context, Link, Span, SpanKind, SpanOptions } from '@opentelemetry/api'
import { context as contextApi, INVALID_SPAN_CONTEXT, ROOT_CONTEXT, trace } from '@opentelemetry/api'

import { addFromHook, callHook, reportFailure } from '../host/guard.ts'
import { isRecording, traceOf, writeTo } from '../host/span.ts'
import { type LateCounter, type LateHistogram, pickAttributes } from './instruments.ts'
import { contextWithSpan } from './lean-context.ts'
import { type Ending, outcomeOf, withErrorType, writeEnding } from './outcome.ts'
import type { Settings } from './settings.ts'

/** The duration metric of an operation. */
export interface DurationMetric<Described> {
  readonly histogram: LateHistogram<Described>
  /** Keys of the operation's attributes that it records. */
  readonly keys: readonly string[]
  /**
   * Its attributes for a successful operation, when they are known in advance and not changed by hooks: picking them each
   * time costs 0.2 µs (benchmark row: pg pool.query).
   */
  readonly known?: Attributes | undefined
}

/** What an operation starts with. */
export interface OperationStart<Described> {
  readonly kind: SpanKind
  readonly name: string
  /** Start attributes, in the latest names. The operation owns and extends this object. */
  readonly attributes: Attributes
  /** Context of the parent span, or of none. */
  readonly parent: Context
  readonly links?: Link[] | undefined
  /** Start time on the clock of `performance.now()`, for operations known only afterwards. Default: now. */
  readonly startedAt?: number | undefined
  /** True: start a new trace, ignoring the parent context. */
  readonly root?: boolean | undefined
  /** Record passed to hooks; needed only when `settings.hasHooks`. */
  readonly record?: Described | undefined
  readonly duration?: DurationMetric<Described> | undefined
  /** Counter to increase when the operation ends, by how much, and the keys of its attributes. */
  readonly count?:
    | {
        readonly counter: LateCounter<Described>
        readonly amount: number
        readonly keys: readonly string[]
      }
    | undefined
}

/**
 * One operation, one span: started here, active while its work runs, and ended here exactly once. Only this class ends
 * spans. After the end it holds neither span nor context.
 */
export class Operation<Described = unknown> {
  /** Attributes so far, in the latest names. */
  readonly attributes: Attributes
  /** The attributes that the duration metric recorded, for further metrics of the same operation. */
  measured: Attributes | undefined
  private readonly settings: Settings<Described>
  private readonly isMeasured: boolean
  private readonly startedAt: number
  private start: OperationStart<Described> | undefined
  private activeSpan: Span
  private activeContext: Context

  constructor(settings: Settings<Described>, start: OperationStart<Described>) {
    this.settings = settings
    this.start = start
    this.attributes = start.attributes
    const { attributes, onStart } = settings.options
    if (attributes && start.record !== undefined) {
      addFromHook(start.attributes, 'attributes', attributes, start.record)
    }
    if (settings.hasTracerProvider) {
      this.activeSpan = this.startSpan(start)
      this.activeContext = contextWithSpan(start.parent, this.activeSpan)
    } else {
      this.activeSpan = passOn(start)
      this.activeContext = start.root ? contextWithSpan(start.parent, this.activeSpan) : start.parent
    }
    this.isMeasured = Boolean(start.duration?.histogram.prepare()) || Boolean(start.count?.counter.prepare())
    this.startedAt = this.isMeasured || settings.hasHooks ? (start.startedAt ?? performance.now()) : 0
    if (onStart && start.record !== undefined) callHook('onStart', onStart, this.activeSpan, start.record)
  }

  /** The span; a non-recording one once the operation has ended. */
  get span(): Span {
    return this.activeSpan
  }

  /** The context in which the span is active; an empty one once the operation has ended. */
  get context(): Context {
    return this.activeContext
  }

  /** True when the span is recorded. */
  get isRecording(): boolean {
    return isRecording(this.activeSpan)
  }

  get ended(): boolean {
    return this.start === undefined
  }

  /** Runs a function in the context of the span. */
  run<T>(work: () => T): T {
    return contextApi.with(this.activeContext, work)
  }

  /** Renames the span, for names that are known only later, such as a route. */
  rename(name: string): void {
    writeTo(this.activeSpan, 'updateName', name)
  }

  /**
   * Ends the span. Only the first call counts.
   * @param ending how it ended
   * @param late attributes known only now, in the latest names
   */
  end(ending: Ending, late: Attributes = NONE): void {
    const { start, activeSpan: span, activeContext: context } = this
    if (!start) return
    this.start = undefined
    this.activeSpan = NO_SPAN
    this.activeContext = ROOT_CONTEXT
    try {
      this.finish(start, span, context, ending, late)
    } catch (error) {
      reportFailure('ending a span', error)
    } finally {
      writeTo(span, 'end', ending.endedAt)
    }
  }

  private finish(
    start: OperationStart<Described>,
    span: Span,
    context: Context,
    ending: Ending,
    late: Attributes,
  ): void {
    const durationMs = this.startedAt ? (ending.endedAt ?? performance.now()) - this.startedAt : 0
    const { settings } = this
    const { translate, options } = settings
    const last = withErrorType(late, ending)
    if (isRecording(span)) {
      if (last !== NONE) writeTo(span, 'setAttributes', translate?.(last) ?? last)
      writeEnding(span, ending, settings)
    }
    if (options.onEnd && start.record !== undefined) {
      callHook('onEnd', options.onEnd, span, start.record, outcomeOf(ending, durationMs))
    }
    if (this.isMeasured) this.measure(start, context, ending, durationMs, last)
  }

  private measure(
    { duration, count, record }: OperationStart<Described>,
    context: Context,
    ending: Ending,
    durationMs: number,
    last: Attributes,
  ): void {
    const { histogram, known, keys } = duration ?? {}
    if (known && !count && !ending.failed && !ending.unmeasured) {
      this.measured = known
      histogram?.record(durationMs / 1000, known, context)
      return
    }
    const finished = Object.assign(this.attributes, last)
    const { metricAttributes } = this.settings
    let added: Attributes | undefined
    if (metricAttributes && record !== undefined) {
      added = {}
      addFromHook(added, 'metrics.attributes', metricAttributes, record, outcomeOf(ending, durationMs))
    }
    if (keys && !ending.unmeasured) {
      this.measured = pickAttributes(finished, keys, added)
      histogram?.record(durationMs / 1000, this.measured, context)
    }
    if (count) count.counter.add(count.amount, pickAttributes(finished, count.keys, added), context)
  }

  private startSpan(start: OperationStart<Described>): Span {
    const { name, kind, attributes, parent, links, root, startedAt } = start
    const { settings } = this
    try {
      const options: SpanOptions = { kind, attributes: settings.translate?.(attributes) ?? attributes }
      if (links) options.links = links
      if (root) options.root = root
      if (startedAt !== undefined) options.startTime = startedAt
      const span: Span = settings.tracer.startSpan(name, options, parent)
      // A span that throws when read would break all code that reads the active span, including the application's.
      if (answers(span)) return span
      throw new TypeError('the tracer has returned something that is not a span')
    } catch (error) {
      reportFailure('starting a span', error)
      return passOn({ parent, root })
    }
  }
}

const NONE: Attributes = Object.freeze({})

let answeringClass: unknown

/** True for a span that can be read. Only the first of a class is: reading the ids makes strings of them, which costs 1 µs. */
function answers(span: Span): boolean {
  if (typeof span.isRecording !== 'function') return false
  const made: unknown = span.constructor
  if (made === answeringClass && made !== undefined && made !== Object) return true
  if (!span.spanContext()) return false
  answeringClass = made
  return true
}

/** Used in place of a span that has ended, or was never started. */
const NO_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT)

/** A non-recording span with the ids of the parent, so that child spans stay in the parent's trace. */
function passOn({ parent, root }: Pick<OperationStart<never>, 'parent' | 'root'>): Span {
  const spanContext = root ? undefined : traceOf(parent)
  return spanContext ? trace.wrapSpanContext(spanContext) : NO_SPAN
}
