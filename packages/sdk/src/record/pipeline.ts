import { type Context, diag, TraceFlags } from '@opentelemetry/api'
import type { ReadableSpan, Sampler, SamplingResult, Span, SpanProcessor } from '@opentelemetry/sdk-trace'
import { SamplingDecision } from '@opentelemetry/sdk-trace'

import type { LocalTraceCounts } from './local-traces.ts'
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
  readonly dropped: { readonly queueFull: number; readonly failed: number; readonly shutDown: number }
  /** Why the last batch failed that did. */
  readonly lastError: string | undefined
}

/** The end of the way of every span: counted, and handed to the queue of each exporter. */
export class Pipeline implements SpanProcessor {
  readonly queues: readonly SpanQueue[]
  private recorded = 0
  private unsampled = 0
  private ended = 0
  private sampledOut = 0

  private readonly redactor: Redactor | undefined

  /** @param redactor takes out what is not to reach any exporter */
  constructor(queues: readonly SpanQueue[], redactor?: Redactor) {
    this.queues = queues
    this.redactor = redactor
  }

  onStart(_span: Span, _context: Context): void {
    this.recorded += 1
  }

  onEnd(span: ReadableSpan): void {
    this.ended += 1
    // Recorded for processors only: its sampler did not want it exported.
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) {
      this.sampledOut += 1
      return
    }
    const shown = this.redactor?.redact(span) ?? span
    for (const queue of this.queues) queue.onEnd(shown)
  }

  /** Counts a span that a decision at the end of its trace does not keep. */
  giveUp(): void {
    this.ended += 1
    this.sampledOut += 1
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.queues.map(queue => queue.forceFlush()))
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.queues.map(queue => queue.shutdown()))
  }

  /** Gives up on everything that still waits. */
  abandon(): void {
    for (const queue of this.queues) queue.abandon()
  }

  get waiting(): number {
    return this.queues.reduce((sum, queue) => sum + queue.size, 0)
  }

  /** Counts what a sampler refuses, which no processor gets to see. */
  counting(sampler: Sampler): Sampler {
    return {
      shouldSample: (...question): SamplingResult => {
        const result = this.ask(sampler, question)
        if (result.decision === SamplingDecision.NOT_RECORD) this.unsampled += 1
        return result
      },
      toString: () => sampler.toString(),
    }
  }

  /** A sampler that throws is telemetry that fails; the app's own work goes on, unsampled. */
  private ask(sampler: Sampler, question: Parameters<Sampler['shouldSample']>): SamplingResult {
    try {
      return sampler.shouldSample(...question)
    } catch (error) {
      diag.error('spanwright: the sampler failed', error)
      return { decision: SamplingDecision.NOT_RECORD }
    }
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
        dropped: { queueFull: counts.queueFull, failed: counts.failed, shutDown: counts.shutDown },
        lastError: counts.lastError,
      })),
    }
  }
}
