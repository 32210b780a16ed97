import { type AttributeValue, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { aBoolean, aFunction, aPositiveNumber, attempt, checkOptions, oneOf } from '@spanwright/core/plugin'
import { ATTR_SERVICE_NAME } from '@spanwright/core/semconv'

import { millisecondsIn } from '../../record/span/time.ts'
import type { ExportResult, ReadableSpan, SpanExporter, SpanProcessor } from '../../record/types.ts'
import { aDuration, type Duration, millisecondsOf } from '../../start/duration.ts'
import { type EndedTraceSpan, Gathering } from './gathering.ts'
import { extentOf, printTrace } from './printer.ts'
import { SPAN_KINDS, type TraceSpan } from './span.ts'
import { type Trace, tracesOf } from './tree.ts'

/** Options of {@link ConsoleExporter}. */
export interface ConsoleOptions {
  /** Which spans show their message, attributes and events. Default: `'failures'`, the failed ones. */
  readonly detail?: 'none' | 'failures' | 'all'
  /** Which traces are printed: those with a failed span, or those slower than `slowerThan`. Default: all. */
  readonly only?: 'errors' | 'slow'
  /** Duration from which a trace is slow. Default: 500 ms. */
  readonly slowerThan?: Duration
  /** Receives the text. Default: writes to standard error, so that the program's own output is not affected. */
  readonly write?: (text: string) => void
  /** Line width in characters. Default: the terminal's, otherwise 110. */
  readonly width?: number
  /** Whether failures are printed in red and details dimmed. Default: on a terminal, unless `NO_COLOR` is set. */
  readonly colors?: boolean
}

const RULES = {
  detail: oneOf('none', 'failures', 'all'),
  only: oneOf('errors', 'slow'),
  slowerThan: aDuration,
  write: aFunction,
  width: aPositiveNumber,
  colors: aBoolean,
}

/**
 * Prints this process's part of each trace as one tree when it is complete; intended for development. It waits for open
 * spans: 10 s for a parent, 1 s for children.
 */
export class ConsoleExporter implements SpanExporter {
  private readonly options: ConsoleOptions
  private readonly slow: number
  private readonly gathering = new Gathering()
  private timer: NodeJS.Timeout | undefined
  private isWatchingExit = false

  /** @throws TypeError when an option is unknown or of the wrong type */
  constructor(options: ConsoleOptions = {}) {
    checkOptions('new ConsoleExporter()', options, RULES)
    this.options = { ...options }
    this.slow = millisecondsOf(options.slowerThan ?? 500)
  }

  export(spans: ReadableSpan[], callback: (result: ExportResult) => void): void {
    this.add(spans.map(readSpan))
    callback({ code: 0 })
  }

  /** Adds ended spans, and prints the traces they complete. */
  add(spans: readonly EndedTraceSpan[]): void {
    const now = performance.now()
    this.print(this.gathering.add(spans, now))
    this.printDue()
  }

  async forceFlush(): Promise<void> {
    this.printAll()
  }

  async shutdown(): Promise<void> {
    this.printAll()
  }

  /** Tracks open spans, so that a trace is printed once it is complete. */
  watcher(): SpanProcessor {
    return {
      onStart: span => {
        const { traceId, traceFlags } = span.spanContext()
        if ((traceFlags & TraceFlags.SAMPLED) !== 0) this.gathering.expect(traceId, isLocalRoot(span))
      },
      onEnd() {},
      async forceFlush() {},
      async shutdown() {},
    }
  }

  private readonly printDue = (): void => {
    const now = performance.now()
    attempt('printing traces', () => this.print(this.gathering.takeDue(now)))
    clearTimeout(this.timer)
    this.timer = undefined
    const next = this.gathering.next(now)
    if (next < Infinity) this.timer = setTimeout(this.printDue, Math.ceil(next)).unref()
    this.watchExit(next < Infinity)
  }

  private readonly printAll = (): void => {
    clearTimeout(this.timer)
    this.timer = undefined
    this.watchExit(false)
    attempt('printing traces', () => this.print(this.gathering.takeAll()))
  }

  /** Prints waiting spans when the process ends, however it ends. */
  private watchExit(isNeeded: boolean): void {
    if (isNeeded === this.isWatchingExit) return
    this.isWatchingExit = isNeeded
    if (isNeeded) process.on('exit', this.printAll)
    else process.off('exit', this.printAll)
  }

  private print(traces: readonly TraceSpan[][]): void {
    const { stderr } = process
    const {
      write,
      detail = 'failures',
      width = stderr.columns || 110,
      colors = write === undefined && stderr.isTTY && !process.env['NO_COLOR'],
    } = this.options
    for (const trace of traces.flatMap(tracesOf)) {
      if (!this.isWanted(trace)) continue
      const text = `${printTrace(trace, { width, colors, detail })}\n`
      if (write) write(text)
      else stderr.write(text)
    }
  }

  private isWanted(trace: Trace): boolean {
    const { only } = this.options
    if (only === 'errors') return trace.spans.some(span => span.failed)
    const { start, end } = extentOf(trace)
    return only === undefined || end - start >= this.slow
  }
}

function readSpan(span: ReadableSpan): EndedTraceSpan {
  const { traceId, spanId } = span.spanContext()
  const { status } = span
  return {
    isLocalRoot: isLocalRoot(span),
    span: {
      traceId,
      spanId,
      parentSpanId: span.parentSpanContext?.spanId,
      service: textOf(span.resource.attributes[ATTR_SERVICE_NAME]),
      // OTLP numbers the kinds from 1.
      kind: SPAN_KINDS[span.kind + 1] ?? 'UNSPECIFIED',
      name: span.name,
      start: millisecondsIn(span.startTime),
      end: millisecondsIn(span.endTime),
      failed: status.code === SpanStatusCode.ERROR,
      message: status.message,
      attributes: span.attributes,
      links: span.links.map(({ context }) => ({ traceId: context.traceId, spanId: context.spanId })),
      events: span.events.map(({ name, attributes = {} }) => ({ name, attributes })),
    },
  }
}

function isLocalRoot({ parentSpanContext }: ReadableSpan): boolean {
  return !parentSpanContext || parentSpanContext.isRemote === true
}

function textOf(value: AttributeValue | undefined): string {
  return typeof value === 'string' ? value : 'unknown_service'
}
