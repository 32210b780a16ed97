import { AsyncResource } from 'node:async_hooks'

import { diag } from '@opentelemetry/api'
import { reportFailure, say } from '@spanwright/core/plugin'

import type { Batch, EndedSpan, SpanStore } from './batch.ts'
import { ExportCounts } from './export-counts.ts'
import type { Answer } from './otlp/transport.ts'
import type { Sender } from './sender.ts'

/** Limits of the spans waiting for export. */
export interface QueueLimits {
  /** Maximum number of waiting and in-flight spans; more are dropped, counted and reported. */
  readonly maxQueueSize: number
  /** Maximum bytes of these. */
  readonly maxQueueBytes: number
  /** Maximum number of spans in one request. */
  readonly maxBatchSize: number
  /** Maximum bytes in one request. */
  readonly maxBatchBytes: number
  /** Milliseconds after which waiting spans are sent even if no batch is full. */
  readonly delay: number
  /** Milliseconds after which an export counts as failed; Infinity for no limit. */
  readonly timeout: number
  /** Milliseconds between two reports of dropped spans. */
  readonly reportInterval: number
}

/**
 * The queue of one exporter: sends one batch at a time, bounded together with the batch being sent. Every span is
 * counted once, as exported or as lost.
 */
export class SpanQueue<Kind extends Batch = Batch> {
  readonly counts: ExportCounts
  readonly name: string
  private readonly store: SpanStore<Kind>
  private readonly sender: Sender<Kind>
  private readonly limits: QueueLimits
  private readonly batchSize: number
  /** Spans at the front of the queue that do not wait for a batch to fill. */
  private due = 0
  private timer: NodeJS.Timeout | undefined
  /** The batch being sent. */
  private current: Promise<void> | undefined
  /** Number of spans with an outcome. */
  private settled = 0
  private hurries = 0
  /** Timers and connections must retain nothing of the request that filled a batch. */
  private readonly scope = new AsyncResource('spanwright export')
  private ending: Promise<void> | undefined
  private isAbandoned = false
  private ready: Promise<void> | undefined

  /** @param ready settles once batches can be built: resource detection may still be running */
  constructor(
    name: string,
    store: SpanStore<Kind>,
    sender: Sender<Kind>,
    limits: QueueLimits,
    ready?: Promise<void>,
  ) {
    this.ready = ready?.catch((error: unknown) => reportFailure('finding out about the resource', error))
    this.name = name
    this.store = store
    this.sender = sender
    this.limits = limits
    this.batchSize = Math.min(limits.maxBatchSize, limits.maxQueueSize)
    this.counts = new ExportCounts(name, limits.reportInterval)
  }

  /** Whether its spans are stored as objects. */
  get holdsObjects(): boolean {
    return this.store.holdsObjects
  }

  /** Number of waiting and in-flight spans. */
  get size(): number {
    return this.isAbandoned ? 0 : this.store.size
  }

  /** Counts a span that could not be prepared for export. */
  refuse(): void {
    this.counts.lose(this.ending ? 'shutDown' : 'notEncoded', 1)
  }

  onEnd(span: EndedSpan): void {
    if (this.ending) {
      this.counts.lose('shutDown', 1)
      return
    }
    const refusal = this.store.add(span)
    if (refusal !== undefined) this.counts.lose(refusal, 1)
    else if (this.isFull()) this.sendDue()
    else if (this.timer === undefined) this.scope.runInAsyncScope(this.wait)
  }

  /**
   * Sends all waiting spans; settles when each has an outcome, never rejects.
   * @param isLast true: do not retry an unreachable endpoint, since the process may end
   */
  async forceFlush(isLast = false): Promise<void> {
    const endHurry = isLast ? this.hurry() : undefined
    const last = this.settled + this.size
    try {
      this.sendWaiting()
      while (this.settled < last && this.current) await this.current
      await this.sender.flush()
    } catch (error) {
      say('warn', `spanwright: flushing ${this.name} failed`, error)
    } finally {
      endHurry?.()
    }
  }

  shutdown(): Promise<void> {
    this.ending ??= this.end()
    return this.ending
  }

  /**
   * Gives up on spans that were not sent in time.
   * @param why the reason for the lack of time
   */
  abandon(why: string): void {
    if (this.isAbandoned) return
    const { size } = this
    this.isAbandoned = true
    clearTimeout(this.timer)
    this.store.clear()
    const delay = this.sender.giveUp()
    if (size > 0) this.counts.lastError = delay === undefined ? why : `${why}: ${delay}`
    this.counts.lose('shutDown', size)
    this.counts.report()
  }

  private async end(): Promise<void> {
    await this.forceFlush(true)
    clearTimeout(this.timer)
    await this.sender
      .close()
      .catch((error: unknown) => diag.warn(`spanwright: shutting down ${this.name} failed`, error))
    this.counts.report()
  }

  private hurry(): () => void {
    this.hurries += 1
    const endHurry = this.sender.hurry()
    return () => {
      this.hurries -= 1
      endHurry()
    }
  }

  private isFull(): boolean {
    return this.store.waiting >= this.batchSize || this.store.waitingBytes >= this.limits.maxBatchBytes
  }

  private readonly wait = (): void => {
    this.timer = setTimeout(
      () => this.sendWaiting(),
      Math.min(this.limits.delay, this.sender.patience),
    ).unref()
  }

  private sendWaiting(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.due = this.store.waiting
    this.sendDue()
  }

  private sendDue(): void {
    if (!this.current) void this.scope.runInAsyncScope(this.sendAll)
  }

  private readonly sendAll = async (): Promise<void> => {
    try {
      if (this.ready) {
        this.current = this.ready
        await this.ready
        this.ready = undefined
      }
      while (this.due > 0 || this.isFull()) {
        const batch = this.store.take(this.batchSize, this.limits.maxBatchBytes)
        if (!batch) break
        this.due -= batch.spans
        this.current = this.deliver(batch, performance.now() + this.limits.timeout)
        await this.current
      }
    } catch (error) {
      reportFailure(`sending spans to ${this.name}`, error)
    }
    this.due = 0
    this.current = undefined
  }

  /** Sends a batch, split in half when it is too large for the endpoint. */
  private async deliver(batch: Kind, deadline: number): Promise<void> {
    const answer = await this.sender.send(batch, Math.ceil(deadline - performance.now()))
    if (this.isAbandoned) return
    const halves = answer.kind === 'too large' ? this.store.split(batch) : undefined
    if (halves) {
      for (const half of halves) await this.deliver(half, deadline)
      return
    }
    this.settle(batch.spans, answer)
    this.store.release(batch)
    // At process end there is no time for a collector to come back, so the rest would fail too.
    if (answer.kind === 'later' && answer.isUnreachable && this.hurries > 0) {
      this.lose('failed', this.store.clear())
    }
  }

  private settle(spans: number, answer: Answer): void {
    if (answer.kind !== 'accepted') {
      this.counts.lastError = answer.reason
      this.lose('failed', spans)
      return
    }
    const rejected = Math.min(spans, answer.rejected)
    this.counts.exported += spans - rejected
    this.settled += spans - rejected
    if (rejected > 0) this.counts.lastError = answer.message ?? 'rejected without a reason'
    this.lose('rejected', rejected)
  }

  private lose(reason: 'failed' | 'rejected', spans: number): void {
    this.settled += spans
    this.counts.lose(reason, spans)
  }
}
