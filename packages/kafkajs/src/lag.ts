import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_MESSAGING_CONSUMER_GROUP_NAME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  ATTR_MESSAGING_SYSTEM_NAME,
  LateObservableGauge,
  MESSAGING_SYSTEM_KAFKA,
  METRIC_SPANWRIGHT_MESSAGING_CONSUMER_LAG,
  type Settings,
} from '@spanwright/core'

import { type EventSource, listenTo } from './library.ts'
import type { KafkaOperation } from './options.ts'

/** How far the consumers of a client are behind, by the high watermarks that came with their batches. */
export class LagGauge {
  private readonly gauge: LateObservableGauge<KafkaOperation>
  private readonly consumers = new Set<ConsumerLag>()

  constructor(settings: Settings<KafkaOperation>) {
    this.gauge = new LateObservableGauge(settings, METRIC_SPANWRIGHT_MESSAGING_CONSUMER_LAG, report => {
      for (const consumer of this.consumers) consumer.report(report)
    })
  }

  get enabled(): boolean {
    return this.gauge.enabled
  }

  /** Reports the lag of a consumer too, from now on. */
  add(lag: ConsumerLag): void {
    this.consumers.add(lag)
  }

  /** Reports and knows the lag of a consumer no longer. */
  delete(lag: ConsumerLag): void {
    lag.clear()
    this.consumers.delete(lag)
  }

  /** Follows a consumer by its events, from its first batch until it stops. */
  follow(source: EventSource, groupId: string | undefined): void {
    const lag = new ConsumerLag(groupId)
    const update = (payload: BatchEvent, behind: string | undefined, own: number): void => {
      if (!this.enabled) return
      this.add(lag)
      lag.set(payload.topic, payload.partition, Number(behind) + own)
    }
    // The first message of the batch is itself not processed yet.
    listenTo(source, 'START_BATCH_PROCESS', event =>
      update(event as BatchEvent, (event as BatchEvent).offsetLagLow, 1),
    )
    listenTo(source, 'END_BATCH_PROCESS', event =>
      update(event as BatchEvent, (event as BatchEvent).offsetLag, 0),
    )
    listenTo(source, 'GROUP_JOIN', event => lag.keepOnly((event as JoinEvent).memberAssignment ?? {}))
    for (const event of ['STOP', 'CRASH', 'DISCONNECT']) listenTo(source, event, () => this.delete(lag))
  }
}

interface BatchEvent {
  readonly topic: string
  readonly partition: number
  /** Offsets from the first, or the last, message of the batch to the last one of the partition. */
  readonly offsetLagLow?: string
  readonly offsetLag?: string
}

interface JoinEvent {
  readonly memberAssignment?: Readonly<Record<string, readonly number[]>>
}

/** How far one consumer is behind, for each of its partitions. */
export class ConsumerLag {
  private readonly groupId: string | undefined
  private readonly partitions = new Map<string, Map<number, number>>()

  constructor(groupId: string | undefined) {
    this.groupId = groupId
  }

  set(topic: string, partition: number, lag: number): void {
    if (Number.isNaN(lag)) return
    let ofTopic = this.partitions.get(topic)
    if (!ofTopic) this.partitions.set(topic, (ofTopic = new Map()))
    ofTopic.set(partition, Math.max(lag, 0))
  }

  /** Forgets the partitions that now belong to another consumer of the group. */
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
      for (const [partition, lag] of ofTopic) {
        report(lag, {
          [ATTR_MESSAGING_SYSTEM_NAME]: MESSAGING_SYSTEM_KAFKA,
          [ATTR_MESSAGING_DESTINATION_NAME]: topic,
          [ATTR_MESSAGING_DESTINATION_PARTITION_ID]: String(partition),
          ...(this.groupId !== undefined && { [ATTR_MESSAGING_CONSUMER_GROUP_NAME]: this.groupId }),
        })
      }
    }
  }
}
