import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  ATTR_MESSAGING_SYSTEM_NAME,
  MESSAGING_SYSTEM_KAFKA,
  METRIC_SPANWRIGHT_MESSAGING_CONSUMER_LAG,
} from '@spanwright/core/semconv'
import { LateObservableGauge, type Settings } from '@spanwright/core/plugin'

import { type EventSource, listenTo } from '../library.ts'
import type { KafkaOperation } from '../options.ts'

/** The lag of a client's consumers, based on the high watermarks of their batches. */
export class LagGauge {
  private readonly gauge: LateObservableGauge<KafkaOperation>
  private readonly consumers = new Set<ConsumerLag>()

  constructor(settings: Settings<KafkaOperation>) {
    this.gauge = new LateObservableGauge(settings, METRIC_SPANWRIGHT_MESSAGING_CONSUMER_LAG, report => {
      for (const consumer of this.consumers) consumer.report(report)
    })
  }

  prepare(): boolean {
    return this.gauge.prepare()
  }

  /** Starts reporting the lag of a consumer. */
  add(lag: ConsumerLag): void {
    this.consumers.add(lag)
  }

  /** Stops reporting the lag of a consumer and discards it. */
  delete(lag: ConsumerLag): void {
    lag.clear()
    this.consumers.delete(lag)
  }

  /**
   * Follows a consumer through its events, from its first batch until it stops; progress within a batch is reported by
   * the batch handler.
   */
  follow(source: PausableSource, groupId: string | undefined): ConsumerLag {
    const lag = new ConsumerLag(groupId)
    listenTo(source, 'START_BATCH_PROCESS', event => {
      if (!this.prepare()) return
      const { topic, partition, offsetLagLow, highWatermark } = event as BatchEvent
      this.add(lag)
      // The first message of the batch is itself unprocessed.
      lag.set(topic, partition, Number(offsetLagLow) + 1, Number(highWatermark))
    })
    listenTo(source, 'END_BATCH_PROCESS', event => {
      if (!this.prepare()) return
      const { topic, partition, offsetLag, highWatermark } = event as BatchEvent
      if (lag.isResolvedByHand(topic, partition)) return
      // A message handler that pauses the partition skips the rest of the batch.
      if (lag.isInMessage(topic, partition) && isPaused(source, topic, partition)) lag.pass(topic, partition)
      else lag.set(topic, partition, Number(offsetLag), Number(highWatermark))
    })
    listenTo(source, 'GROUP_JOIN', event => lag.keepOnly((event as JoinEvent).memberAssignment ?? {}))
    for (const event of ['STOP', 'CRASH', 'DISCONNECT']) listenTo(source, event, () => this.delete(lag))
    return lag
  }
}

interface PausableSource extends EventSource {
  paused?(): readonly { readonly topic: string; readonly partitions: readonly number[] }[]
}

function isPaused(source: PausableSource, topic: string, partition: number): boolean {
  const paused = source.paused?.() ?? []
  return paused.some(entry => entry.topic === topic && entry.partitions.includes(partition))
}

interface BatchEvent {
  readonly topic: string
  readonly partition: number
  /** Offsets from the first or last message of the batch to the last one of the partition. */
  readonly offsetLagLow?: string
  readonly offsetLag?: string
  /** Offset after the last message of the partition. */
  readonly highWatermark?: string
}

interface JoinEvent {
  readonly memberAssignment?: Readonly<Record<string, readonly number[]>>
}

interface Position {
  /** Offset after the last message of the partition. */
  readonly watermark: number
  /** Offset of the first unprocessed message; a string while that message is being processed individually. */
  next: number | string
  /** True when the batch handler reports its own progress. */
  byHand: boolean
}

/** The lag of one consumer, per partition. */
export class ConsumerLag {
  private readonly groupId: string | undefined
  private readonly partitions = new Map<string, Map<number, Position>>()

  constructor(groupId: string | undefined) {
    this.groupId = groupId
  }

  set(topic: string, partition: number, lag: number, watermark: number = lag): void {
    if (Number.isNaN(lag)) return
    let ofTopic = this.partitions.get(topic)
    if (!ofTopic) this.partitions.set(topic, (ofTopic = new Map()))
    ofTopic.set(partition, { watermark, next: watermark - lag, byHand: false })
  }

  /** Notes that the processing of a message begins, and earlier ones are done. */
  begin(topic: string, partition: number, offset: string): void {
    const position = this.positionOf(topic, partition)
    if (position) position.next = offset
  }

  isInMessage(topic: string, partition: number): boolean {
    return typeof this.positionOf(topic, partition)?.next === 'string'
  }

  /** Notes that the message in process is done. */
  pass(topic: string, partition: number): void {
    const position = this.positionOf(topic, partition)
    if (position) position.next = Number(position.next) + 1
  }

  /** Notes that the end of the batch handler does not mark the batch as processed. */
  leaveToHandler(topic: string, partition: number): void {
    const position = this.positionOf(topic, partition)
    if (position) position.byHand = true
  }

  isResolvedByHand(topic: string, partition: number): boolean {
    return this.positionOf(topic, partition)?.byHand ?? false
  }

  /** Notes that a message and earlier ones are done. */
  resolve(topic: string, partition: number, offset: string): void {
    const position = this.positionOf(topic, partition)
    if (position) position.next = Number(offset) + 1
  }

  private positionOf(topic: string, partition: number): Position | undefined {
    return this.partitions.get(topic)?.get(partition)
  }

  /** Discards the partitions that now belong to another consumer of the group. */
  keepOnly(assigned: Readonly<Record<string, readonly number[]>>): void {
    for (const [topic, ofTopic] of this.partitions) {
      for (const partition of ofTopic.keys()) {
        if (!assigned[topic]?.includes(partition)) ofTopic.delete(partition)
      }
    }
  }

  clear(): void {
    this.partitions.clear()
  }

  report(report: (value: number, attributes: Attributes) => void): void {
    for (const [topic, ofTopic] of this.partitions) {
      for (const [partition, { watermark, next }] of ofTopic) {
        const lag = watermark - Number(next)
        if (Number.isNaN(lag)) continue
        report(Math.max(lag, 0), {
          [ATTR_MESSAGING_SYSTEM_NAME]: MESSAGING_SYSTEM_KAFKA,
          [ATTR_MESSAGING_DESTINATION_NAME]: topic,
          [ATTR_MESSAGING_DESTINATION_PARTITION_ID]: String(partition),
          ...(this.groupId !== undefined && { [ATTR_MESSAGING_CONSUMER_GROUP_NAME]: this.groupId }),
        })
      }
    }
  }
}
