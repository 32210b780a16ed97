import { AsyncResource } from 'node:async_hooks'

import { diag } from '@opentelemetry/api'
import { reportFailure } from '@spanwright/core/plugin'

import type { Batch, EndedSpan, SpanStore } from './batch.ts'
import { ExportCounts } from './export-counts.ts'
import type { Answer } from './otlp/transport.ts'
import type { Sender } from './sender.ts'

/** How spans wait to be exported. */
export interface QueueLimits {
  /** The most spans that wait or are on their way; more are dropped, counted and reported. */
  readonly maxQueueSize: number
  /** The most bytes of these. */
  readonly maxQueueBytes: number
  /** The most spans in one request. */
  readonly maxBatchSize: number
  /** The most bytes in one request. */
  readonly maxBatchBytes: number
  /** Milliseconds after which waiting spans are sent though no batch is full. */
  readonly delay: number
  /** Milliseconds after which an export counts as failed; Infinity for no limit. */
  readonly timeout: number
  /** Milliseconds between two reports of dropped spans. */
  readonly reportInterval: number
}

/**
 * The spans on their way to one exporter: batch after batch, one at a time, and bounded together with what is on its
 * way. Every span is counted once, as exported or as lost.
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
  /** The batch that is on its way. */
  private current: Promise<void> | undefined
  /** Spans that have their outcome. */
  private settled = 0
  private hurries = 0
  /** Timers and connections are to hold nothing of the request that happened to fill a batch. */
  private readonly scope = new AsyncResource('spanwright export')
  private ending: Promise<void> | undefined
  private isAbandoned = false
  private ready: Promise<void> | undefined

  /** @param ready settles once batches can be made: something may still be found out about the resource */
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

  /** Whether its spans stay objects. */
  get holdsObjects(): boolean {
    return this.store.holdsObjects
  }

  /** Spans that wait or are on their way. */
  get size(): number {
    return this.isAbandoned ? 0 : this.store.size
  }

  onEnd(span: EndedSpan): void {
    if (this.ending) this.counts.lose('shutDown', 1)
    else if (!this.store.add(span)) this.counts.lose('queueFull', 1)
    else if (this.isFull()) this.sendDue()
    else if (this.timer === undefined) this.scope.runInAsyncScope(this.wait)
  }

  /**
   * Sends what waits now; settles when all of it has its outcome, never rejects.
   * @param isLast without another try where the endpoint cannot be reached, since the process may end
   */
  async forceFlush(isLast = false): Promise<void> {
    const endHurry = isLast ? this.hurry() : undefined
    const last = this.settled + this.size
    try {
      this.sendWaiting()
      while (this.settled < last && this.current) await this.current
      await this.sender.flush()
    } catch (error) {
      diag.warn(`spanwright: flushing ${this.name} failed`, error)
    } finally {
      endHurry?.()
    }
  }

  shutdown(): Promise<void> {
    this.ending ??= this.end()
    return this.ending
  }

  /**
   * Gives up on what did not get through in time.
   * @param why there is no more time
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

  /** Sends a batch, in halves where it is too large for the endpoint. */
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
    // At the end there is no time for a collector to come back, so the rest would fail too.
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
