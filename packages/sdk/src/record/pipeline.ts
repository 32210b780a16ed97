import { TraceFlags } from '@opentelemetry/api'

import type { LocalTraceCounts } from './tail/keep.ts'
import type { EndedSpan } from '../export/batch.ts'
import { EncodedSpan } from './otlp/encoded-span.ts'
import type { SpanSink } from './recorder.ts'
import { RecordingSpan } from './span/recording-span.ts'
import type { ReadableSpan } from './types.ts'
import type { Redactor } from './redaction.ts'
import type { SpanQueue } from '../export/span-queue.ts'

/** How many spans came to what, since tracing was started. */
export interface SpanCounts {
  /** Spans asked for: unsampled and recorded ones. */
  readonly started: number
  readonly unsampled: number
  readonly ended: number
  /** Of those recorded, how many a decision at the end of the trace gave up. */
  readonly sampledOut: number
  /** How traces were decided at their end, where `keep` or a rule on a route asks for that. */
  readonly localTraces?: LocalTraceCounts
  /** What each exporter did with the rest. */
  readonly exporters: readonly ExporterCount[]
}

/** What one exporter did with the spans it was given. */
export interface ExporterCount {
  readonly name: string
  readonly exported: number
  /** Spans that wait or are on their way. */
  readonly waiting: number
  readonly dropped: {
    readonly queueFull: number
    /** In batches that could not be exported. */
    readonly failed: number
    /** Refused one by one by an endpoint that took the rest of their batch. */
    readonly rejected: number
    readonly shutDown: number
  }
  /** Why the last batch failed that did, or was rejected in part. */
  readonly lastError: string | undefined
}

/** The end of the way of every span: counted, and handed to the queue of each exporter. */
export class Pipeline implements SpanSink {
  readonly queues: readonly SpanQueue[]
  readonly redactor: Redactor | undefined
  readonly keepsObjects: boolean
  private recorded = 0
  private unsampled = 0
  private ended = 0
  private sampledOut = 0

  /** @param redactor takes out what is not to reach any exporter */
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
    // Recorded for processors only: its sampler did not want it exported.
    if (!isSampled(span)) {
      this.sampledOut += 1
      return
    }
    // What is encoded is redacted there.
    const shown = this.keepsObjects && this.redactor ? this.redactor.redact(span) : span
    for (const queue of this.queues) queue.onEnd(queue.holdsObjects ? shown : span)
  }

  /** Counts a span that a decision at the end of its trace does not keep. */
  giveUp(): void {
    this.ended += 1
    this.sampledOut += 1
  }

  /** @param isLast whether the process may end, so that an endpoint that cannot be reached is not tried again */
  async forceFlush(isLast = false): Promise<void> {
    await Promise.all(this.queues.map(queue => queue.forceFlush(isLast)))
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.queues.map(queue => queue.shutdown()))
  }

  /**
   * Gives up on everything that still waits.
   * @param why there is no more time
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

/** Whether the sampler of a span wanted it exported. */
export function isSampled(span: ReadableSpan): boolean {
  const { traceFlags } = span instanceof RecordingSpan ? span.identity : span.spanContext()
  return (traceFlags & TraceFlags.SAMPLED) !== 0
}
