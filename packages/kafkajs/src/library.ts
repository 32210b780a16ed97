import { attempt, guarded } from '@spanwright/core/plugin'

import type { RecordHeaders } from './message/carrier.ts'

// The part of the KafkaJS API used here. Structural types, so that every client with this API can be traced.

/** A Kafka client of kafkajs, or one with the same API. */
export interface KafkaClient {
  producer(...args: never[]): object
  consumer(...args: never[]): object
}

/** A message as passed to a producer. */
export interface OutgoingMessage {
  readonly key?: Buffer | string | null
  readonly value: Buffer | string | null
  readonly partition?: number
  readonly headers?: RecordHeaders
}

/** Messages for one topic, as accepted by `sendBatch`. */
export interface TopicMessages {
  readonly topic: string
  readonly messages: readonly OutgoingMessage[]
}

/** Argument of `sendBatch`. */
export interface ProducerBatch {
  readonly topicMessages?: readonly TopicMessages[]
}

/** Where records of one partition were written, from the broker's response. */
export interface RecordMetadata {
  readonly topicName: string
  readonly partition: number
  readonly offset?: string
  readonly baseOffset?: string
}

/** A producer or a transaction. */
export interface Sender {
  send(record: TopicMessages): Promise<RecordMetadata[]>
  sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]>
}

/** Emitter of KafkaJS's instrumentation events; some clients have none. */
export interface EventSource {
  readonly events?: Readonly<Record<string, string>>
  on?(name: string, listener: (event: { readonly payload: unknown }) => void): () => void
}

/** The name of a KafkaJS event, by the name of its constant; undefined for a client without it. */
export function eventName(source: EventSource, event: string): string | undefined {
  try {
    return source.events?.[event]
  } catch {
    // One client with this API throws `not implemented`.
    return undefined
  }
}

/** Listens to a KafkaJS event, by the name of its constant; does nothing for a client without it. */
export function listenTo(source: EventSource, event: string, listener: (payload: object) => void): void {
  const name = eventName(source, event)
  const what = 'following a client of Kafka'
  const follow = guarded(what, ({ payload }: { readonly payload: unknown }) =>
    listener(Object(payload) as object),
  )
  if (name !== undefined) attempt(what, () => source.on?.(name, follow))
}

/** A running transaction. */
export interface Transaction extends Sender {
  commit(): Promise<void>
  abort(): Promise<void>
  sendOffsets?(offsets: GroupOffsets): Promise<void>
}

/** Positions of a consumer group committed with a transaction. */
export interface GroupOffsets extends Offsets {
  readonly consumerGroupId?: string
  /** Confluent's client takes the consumer instead of its group. */
  readonly consumer?: object
}

export interface Producer extends Sender, EventSource {
  connect(): Promise<void>
  disconnect(): Promise<void>
  transaction?(): Promise<Transaction>
}

/** A message as passed to a handler. */
export interface IncomingMessage {
  readonly key?: Buffer | string | null
  readonly value: Buffer | string | null
  readonly timestamp?: string
  readonly offset: string
  readonly headers?: RecordHeaders
}

export interface EachMessagePayload {
  readonly topic: string
  readonly partition: number
  readonly message: IncomingMessage
}

export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly highWatermark?: string
  readonly messages: readonly IncomingMessage[]
  /** Offset of the last record, even one that handlers do not see. */
  lastOffset?(): string
}

/** Positions in the partitions of topics. */
export interface Offsets {
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
  }[]
}

export interface EachBatchPayload {
  readonly batch: Batch
  readonly commitOffsetsIfNecessary?: (offsets?: Offsets) => Promise<void>
  readonly resolveOffset?: (offset: string) => void
}

export type Handler<Payload> = (this: unknown, payload: Payload) => Promise<void>

export interface RunConfig {
  readonly eachMessage?: Handler<EachMessagePayload>
  readonly eachBatch?: Handler<EachBatchPayload>
  readonly eachBatchAutoResolve?: boolean
}

/** A position in a partition. */
export interface TopicPartitionOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: string
}

export interface Consumer extends EventSource {
  connect(): Promise<void>
  commitOffsets?(offsets?: readonly TopicPartitionOffset[]): Promise<void>
  run(config?: RunConfig): Promise<void>
}
