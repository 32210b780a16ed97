import { type Context, diag } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace'

import { within } from '../start/deadline.ts'
import { ExportCounts } from './export-counts.ts'

/** Milliseconds for an exporter to close whose last batch has been counted already. */
const GRACE = 500

/** How spans wait to be exported. */
export interface QueueLimits {
  /** The most spans that wait or are on their way; more are dropped, counted and reported. */
  readonly maxQueueSize: number
  /** The most spans in one request. */
  readonly maxBatchSize: number
  /** Milliseconds after which waiting spans are sent though no batch is full. */
  readonly delay: number
  /** Milliseconds after which an export counts as failed. */
  readonly timeout: number
  /** Milliseconds between two reports of dropped spans. */
  readonly reportInterval: number
}

/**
 * The spans on their way to one exporter: batched by the SDK, bounded here, since those already handed to
 * an exporter that hangs take memory too. Every span is counted once, as exported or as lost.
 */
export class SpanQueue implements SpanProcessor {
  readonly counts: ExportCounts = new ExportCounts()
  readonly name: string
  private readonly batches: BatchSpanProcessor
  private readonly exporter: CountingExporter
  private readonly limits: QueueLimits
  private pending = 0
  private ending: Promise<void> | undefined
  private reported = 0
  private timer: NodeJS.Timeout | undefined

  constructor(name: string, exporter: SpanExporter, limits: QueueLimits) {
    this.name = name
    this.limits = limits
    this.exporter = new CountingExporter(exporter, limits.timeout, (size, error) => this.settle(size, error))
    this.batches = new BatchSpanProcessor({
      exporter: this.exporter,
      maxQueueSize: limits.maxQueueSize,
      maxExportBatchSize: Math.min(limits.maxBatchSize, limits.maxQueueSize),
      scheduledDelayMillis: limits.delay,
      // Our own exporter above keeps the time, so that a batch is settled once.
      exportTimeoutMillis: limits.timeout + 1000,
    })
  }

  /** Spans that wait or are on their way. */
  get size(): number {
    return this.pending
  }

  onStart(_span: unknown, _context: Context): void {}

  onEnd(span: ReadableSpan): void {
    if (this.ending) this.lose('shutDown', 1)
    else if (this.pending >= this.limits.maxQueueSize) this.lose('queueFull', 1)
    else {
      this.pending += 1
      this.batches.onEnd(span)
    }
  }

  async forceFlush(): Promise<void> {
    // A batch that fails is counted and reported there; whoever flushes is not to fail for it.
    await this.batches.forceFlush().catch(() => {})
    await this.exporter.flush()
  }

  shutdown(): Promise<void> {
    this.ending ??= this.end()
    return this.ending
  }

  private async end(): Promise<void> {
    await this.batches
      .shutdown()
      .catch((error: unknown) => diag.warn(`spanwright: shutting down ${this.name} failed`, error))
    this.report()
  }

  /** Gives up on what did not get through in time. */
  abandon(): void {
    this.exporter.abandon()
    this.lose('shutDown', this.pending)
    this.pending = 0
    this.report()
  }

  private settle(size: number, error: string | undefined): void {
    this.pending -= size
    if (error === undefined) {
      this.counts.exported += size
      return
    }
    this.counts.lastError = error
    this.lose('failed', size)
  }

  private lose(reason: 'queueFull' | 'failed' | 'shutDown', count: number): void {
    if (count === 0) return
    this.counts[reason] += count
    this.timer ??= setTimeout(() => this.report(), this.limits.reportInterval).unref()
  }

  private report(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const { lost, queueFull, failed, shutDown, lastError } = this.counts
    if (lost === this.reported) return
    const because = lastError === undefined ? '' : `; last error: ${lastError}`
    diag.warn(
      `spanwright: ${lost - this.reported} spans were not exported by ${this.name} ` +
        `(since the start: ${queueFull} queue full, ${failed} export failed, ${shutDown} after shutdown)${because}`,
    )
    this.reported = lost
  }
}

/** Settles every batch exactly once, also when the exporter throws, answers twice or never. */
class CountingExporter implements SpanExporter {
  private readonly exporter: SpanExporter
  private readonly timeout: number
  private readonly onSettled: (size: number, error: string | undefined) => void
  private readonly open = new Set<Promise<void>>()
  private readonly unanswered = new Set<(error: string) => void>()
  private isLate = false
  private abandoned = false

  constructor(
    exporter: SpanExporter,
    timeout: number,
    onSettled: (size: number, error: string | undefined) => void,
  ) {
    this.exporter = exporter
    this.timeout = timeout
    this.onSettled = onSettled
  }

  export(spans: ReadableSpan[], callback: (result: ExportResult) => void): void {
    const settled = this.settle(spans, callback).finally(() => this.open.delete(settled))
    this.open.add(settled)
  }

  private async settle(spans: ReadableSpan[], callback: (result: ExportResult) => void): Promise<void> {
    const error = await this.send(spans)
    if (!this.abandoned) this.onSettled(spans.length, error)
    // A failure is reported once an interval; told to the SDK, it would be reported with every batch.
    callback({ code: ExportResultCode.SUCCESS })
  }

  /** Hands spans on. @returns why that failed, if it did */
  private send(spans: ReadableSpan[]): Promise<string | undefined> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.isLate = true
        settle(`no answer within ${this.timeout} ms`)
      }, this.timeout)
      const settle = (error: string | undefined): void => {
        clearTimeout(timer)
        this.unanswered.delete(settle)
        resolve(error)
      }
      this.unanswered.add(settle)
      try {
        this.exporter.export(spans, result => settle(errorOf(result)))
      } catch (error) {
        settle(String(error))
      }
    })
  }

  /** Waits until everything handed on is settled, and whatever the exporter itself still holds is sent. */
  async flush(): Promise<void> {
    await Promise.all(this.open)
    await this.withPatience(this.exporter.forceFlush?.())
  }

  abandon(): void {
    this.abandoned = true
    for (const settle of this.unanswered) settle('given up')
  }

  async shutdown(): Promise<void> {
    await Promise.all(this.open)
    await this.withPatience(this.exporter.shutdown())
  }

  /** An exporter that was late once will wait for that batch still; it has been counted, so we do not. */
  private async withPatience(work: Promise<void> | undefined): Promise<void> {
    if (work) await within(this.isLate ? GRACE : this.timeout, work)
  }
}

function errorOf({ code, error }: ExportResult): string | undefined {
  if (code === ExportResultCode.SUCCESS) return undefined
  return error?.message || 'the exporter gave no reason'
}
