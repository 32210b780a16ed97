import { TraceFlags } from '@opentelemetry/api'
import { reportFailure } from '@spanwright/core/plugin'

import type { LocalTraceCounts } from './tail/keep.ts'
import type { EndedSpan } from '../export/batch.ts'
import { EncodedSpan } from './otlp/encoded-span.ts'
import type { SpanSink } from './recorder.ts'
import { RecordingSpan } from './span/recording-span.ts'
import type { ReadableSpan } from './types.ts'
import type { Redactor } from './redaction.ts'
import type { SpanQueue } from '../export/span-queue.ts'

/** Number of spans by outcome since tracing was started. */
export interface SpanCounts {
  /** Spans started, unsampled and recorded ones. */
  readonly started: number
  readonly unsampled: number
  readonly ended: number
  /** Recorded spans that a tail decision dropped. */
  readonly sampledOut: number
  /** Tail decisions on traces, when `keep` or a rule on a route requires them. */
  readonly localTraces?: LocalTraceCounts
  /** Outcome of the other spans, by exporter. */
  readonly exporters: readonly ExporterCount[]
}

/** Outcome of the spans of one exporter. */
export interface ExporterCount {
  readonly name: string
  readonly exported: number
  /** Waiting and in-flight spans. */
  readonly waiting: number
  readonly dropped: {
    readonly queueFull: number
    /** Contained something that could not be encoded; `diag` says what. */
    readonly notEncoded: number
    /** In batches that could not be exported. */
    readonly failed: number
    /** Rejected individually by an endpoint that accepted the rest of their batch. */
    readonly rejected: number
    readonly shutDown: number
  }
  /** Reason of the last failed or partly rejected batch. */
  readonly lastError: string | undefined
}

/** Receives every ended span, counts it and passes it to the queue of each exporter. */
export class Pipeline implements SpanSink {
  readonly queues: readonly SpanQueue[]
  readonly redactor: Redactor | undefined
  readonly keepsObjects: boolean
  private recorded = 0
  private unsampled = 0
  private ended = 0
  private sampledOut = 0

  /** @param redactor removes data that must not reach any exporter */
  constructor(queues: readonly SpanQueue[], redactor?: Redactor) {
    this.queues = queues
    this.redactor = redactor
    this.keepsObjects = queues.some(({ holdsObjects }) => holdsObjects)
  }

  onStart(): void {
    this.recorded += 1
  }

  onEnd(span: EndedSpan): void {
    this.ended += 1
    if (span instanceof EncodedSpan) {
      for (const queue of this.queues) queue.onEnd(span)
      return
    }
    // Recorded for processors only: its sampler excluded it from export.
    if (!isSampled(span)) {
      this.sampledOut += 1
      return
    }
    // Encoded spans are redacted during encoding.
    const shown = this.keepsObjects && this.redactor ? redacted(span, this.redactor) : span
    for (const queue of this.queues) {
      const item = queue.holdsObjects ? shown : span
      if (item) queue.onEnd(item)
      else queue.refuse()
    }
  }

  /** Counts a span that could not be encoded before the decision on its trace. */
  refuseEnded(): void {
    this.ended += 1
    for (const queue of this.queues) queue.refuse()
  }

  /** Counts a span dropped by a tail decision. */
  giveUp(): void {
    this.ended += 1
    this.sampledOut += 1
  }

  /** @param isLast whether the process may end, so that an unreachable endpoint is not retried */
  async forceFlush(isLast = false): Promise<void> {
    await Promise.all(this.queues.map(queue => queue.forceFlush(isLast)))
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.queues.map(queue => queue.shutdown()))
  }

  /**
   * Gives up on everything still waiting.
   * @param why the reason for the lack of time
   */
  abandon(why: string): void {
    for (const queue of this.queues) queue.abandon(why)
  }

  get waiting(): number {
    return this.queues.reduce((sum, queue) => sum + queue.size, 0)
  }

  refuse(): void {
    this.unsampled += 1
  }

  counts(): SpanCounts {
    return {
      started: this.recorded + this.unsampled,
      unsampled: this.unsampled,
      ended: this.ended,
      sampledOut: this.sampledOut,
      exporters: this.queues.map(({ name, size, counts }) => ({
        name,
        exported: counts.exported,
        waiting: size,
        dropped: { ...counts.lost },
        lastError: counts.lastError,
      })),
    }
  }
}

/** Undefined for a span that cannot be read. */
function redacted(span: ReadableSpan, redactor: Redactor): ReadableSpan | undefined {
  try {
    return redactor.redact(span)
  } catch (error) {
    reportFailure('redacting a span', error)
    return undefined
  }
}

/** Whether the sampler selected a span for export. */
export function isSampled(span: ReadableSpan): boolean {
  const { traceFlags } = span instanceof RecordingSpan ? span.identity : span.spanContext()
  return (traceFlags & TraceFlags.SAMPLED) !== 0
}
