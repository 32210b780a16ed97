import { say } from '@spanwright/core/plugin'

import { within } from '../../start/deadline.ts'
import type { ProcessResource } from '../../start/resource/process-resource.ts'
import type { InstrumentType, ScopeMetrics } from '../types.ts'

/** Sends or prints measurements. */
export interface MetricSink {
  /** Never fails. */
  send(resource: ProcessResource, scopes: readonly ScopeMetrics[]): Promise<void>
  selectAggregationTemporality(type: InstrumentType): number
  /** Whether histograms have to be exponential ones. */
  readonly isExponential: boolean
  close(): void
}

/** Reads all measurements at an interval, when they are flushed, and at the end. */
export class PeriodicReader {
  readonly sink: MetricSink
  private readonly interval: number
  private readonly timeout: number
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> | undefined
  private collect: (() => Promise<ScopeMetrics[]>) | undefined
  private resource: ProcessResource | undefined

  /**
   * @param interval in milliseconds
   * @param timeout of one export, in milliseconds
   */
  constructor(sink: MetricSink, interval: number, timeout: number) {
    this.sink = sink
    this.interval = interval
    this.timeout = timeout
  }

  /** @param collect returns the current measurements */
  start(resource: ProcessResource, collect: () => Promise<ScopeMetrics[]>): void {
    this.resource = resource
    this.collect = collect
    this.timer = setInterval(() => {
      if (!this.running) void this.run()
    }, this.interval).unref()
  }

  /** Sends what was measured until now, after an export that is under way. */
  async forceFlush(): Promise<void> {
    await this.running
    await (this.running ?? this.run())
  }

  async shutdown(): Promise<void> {
    clearInterval(this.timer)
    await this.forceFlush()
    this.sink.close()
  }

  private run(): Promise<void> {
    this.running = this.export().finally(() => (this.running = undefined))
    return this.running
  }

  private async export(): Promise<void> {
    const { resource, collect } = this
    if (!resource || !collect) return
    try {
      const scopes = await collect()
      await resource.waitForAsyncAttributes()
      if (scopes.length === 0) return
      const isInTime = await within(this.timeout, this.sink.send(resource, scopes))
      if (!isInTime) say('warn', `spanwright: an export of metrics took longer than ${this.timeout} ms`)
    } catch (error) {
      say('error', 'spanwright: reading metrics failed', error)
    }
  }
}
