import { type AttributeValue, SpanStatusCode } from '@opentelemetry/api'
import { ATTR_SERVICE_NAME } from '@spanwright/core/semconv'

import { millisecondsIn } from '../../record/span/time.ts'
import type { ExportResult, ReadableSpan, SpanExporter } from '../../record/types.ts'
import { printTrace } from './printer.ts'
import { SPAN_KINDS, type TraceSpan } from './span.ts'
import { tracesOf } from './tree.ts'

/** The most spans that wait for the end of their trace. */
const MAX_WAITING = 2000

/** Options of {@link ConsoleExporter}. */
export interface ConsoleOptions {
  /** Where the text goes. Default: standard error, so that the output of the program stays its own. */
  readonly write?: (text: string) => void
  /** Width of a line in characters. Default: that of the terminal, else 110. */
  readonly width?: number
  /** Whether failures are red. Default: only on a terminal. */
  readonly colors?: boolean
}

/** A span that has ended. */
export interface EndedTraceSpan {
  readonly span: TraceSpan
  /** Whether its parent lies elsewhere, or nowhere. */
  readonly isLocalRoot: boolean
}

/** Prints the local part of each trace as a tree when its first span has ended; made for development. */
export class ConsoleExporter implements SpanExporter {
  private readonly options: ConsoleOptions
  private waiting = new Map<string, TraceSpan[]>()
  private count = 0

  constructor(options: ConsoleOptions = {}) {
    this.options = options
  }

  export(spans: ReadableSpan[], callback: (result: ExportResult) => void): void {
    this.add(spans.map(readSpan))
    callback({ code: 0 })
  }

  /** Takes spans that have ended, and prints the traces that are complete with them. */
  add(spans: readonly EndedTraceSpan[]): void {
    const done = new Set<string>()
    for (const { span, isLocalRoot } of spans) {
      const known = this.waiting.get(span.traceId)
      if (known) known.push(span)
      else this.waiting.set(span.traceId, [span])
      this.count += 1
      if (isLocalRoot) done.add(span.traceId)
    }
    this.print(this.count > MAX_WAITING ? [...this.waiting.keys()] : [...done])
  }

  async forceFlush(): Promise<void> {
    this.print([...this.waiting.keys()])
  }

  async shutdown(): Promise<void> {
    await this.forceFlush()
  }

  private print(traceIds: readonly string[]): void {
    for (const traceId of traceIds) {
      const spans = this.waiting.get(traceId) ?? []
      this.waiting.delete(traceId)
      this.count -= spans.length
      const { stderr } = process
      const {
        write = text => void stderr.write(text),
        width = stderr.columns ?? 110,
        colors = stderr.isTTY,
      } = this.options
      for (const trace of tracesOf(spans)) write(`${printTrace(trace, { width, colors })}\n`)
    }
  }
}

function readSpan(span: ReadableSpan): EndedTraceSpan {
  const { traceId, spanId } = span.spanContext()
  const parent = span.parentSpanContext
  return {
    isLocalRoot: !parent || parent.isRemote === true,
    span: {
      traceId,
      spanId,
      parentSpanId: parent?.spanId,
      service: textOf(span.resource.attributes[ATTR_SERVICE_NAME]),
      // OTLP counts the kinds from one on.
      kind: SPAN_KINDS[span.kind + 1] ?? 'UNSPECIFIED',
      name: span.name,
      start: millisecondsIn(span.startTime),
      end: millisecondsIn(span.endTime),
      failed: span.status.code === SpanStatusCode.ERROR,
      attributes: span.attributes,
      links: span.links.map(({ context }) => ({ traceId: context.traceId, spanId: context.spanId })),
    },
  }
}

function textOf(value: AttributeValue | undefined): string {
  return typeof value === 'string' ? value : 'unknown_service'
}
