import { type Attributes, type Context, SpanKind } from '@opentelemetry/api'
import {
  ATTR_KAFKA_MESSAGE_TOMBSTONE,
  ATTR_KAFKA_OFFSET,
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  MESSAGING_COUNT_METRIC_ATTRIBUTES,
  MESSAGING_OPERATION_METRIC_ATTRIBUTES,
  Operation,
  OPERATION_TYPE_SEND,
  reportFailure,
  SUCCESS,
} from '@spanwright/core'

import { addAddress, type Client } from './client.ts'
import { kafkaFailure } from './failure.ts'
import type { OutgoingMessage, RecordMetadata } from './library.ts'
import type { KafkaOperation } from './options.ts'
import { planStamping, type Stamping, stampMessages } from './records.ts'
import type { KafkaTracing } from './tracing.ts'

/** The part of one send that goes to one topic: its span, and the context in its messages. */
export class TopicSend {
  readonly topic: string
  /** The messages as they are to be handed to kafkajs. */
  readonly messages: readonly OutgoingMessage[]
  readonly operation: Operation<KafkaOperation>
  private readonly tracing: KafkaTracing
  private readonly client: Client
  private readonly stamping: Stamping
  private readonly count: number

  constructor(
    tracing: KafkaTracing,
    client: Client,
    topic: string,
    messages: readonly OutgoingMessage[],
    parent: Context,
    record: KafkaOperation | undefined,
  ) {
    this.tracing = tracing
    this.client = client
    this.topic = topic
    this.count = messages.length
    this.stamping = planStamping(tracing, messages)
    const { links, injects, refused } = this.stamping
    this.operation = new Operation(tracing.settings, {
      kind: injects ? SpanKind.PRODUCER : SpanKind.CLIENT,
      name: `send ${topic}`,
      attributes: this.startAttributes(messages),
      parent,
      links,
      record,
      duration: { histogram: tracing.operationDuration, keys: MESSAGING_OPERATION_METRIC_ATTRIBUTES },
      count: {
        counter: tracing.sentMessages,
        // What kafkajs refuses was never tried.
        amount: refused ? 0 : messages.length,
        keys: MESSAGING_COUNT_METRIC_ATTRIBUTES,
      },
    })
    this.messages = this.stamp(messages)
  }

  private stamp(messages: readonly OutgoingMessage[]): readonly OutgoingMessage[] {
    try {
      return stampMessages(this.tracing, this.stamping, messages, this.operation.context)
    } catch (error) {
      reportFailure('writing the context into messages', error)
      return messages
    }
  }

  succeeded(results: unknown): void {
    this.operation.end(SUCCESS, this.endAttributes(results))
  }

  failed(error: unknown): void {
    this.operation.end(kafkaFailure(error))
  }

  private startAttributes(messages: readonly OutgoingMessage[]): Attributes {
    const attributes = this.client.attributesOf('send', OPERATION_TYPE_SEND, this.topic)
    attributes[ATTR_MESSAGING_BATCH_MESSAGE_COUNT] = messages.length
    addAddress(attributes, this.client.cluster.onlyLeaderOf(this.topic))
    const first = messages[0]
    if (!first || this.stamping.refused) return attributes
    const { partition, value } = first
    if (partition !== undefined && messages.every(message => message.partition === partition)) {
      attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(partition)
    }
    if (value === null && messages.every(message => message.value === null)) {
      attributes[ATTR_KAFKA_MESSAGE_TOMBSTONE] = true
    }
    return attributes
  }

  /** What the broker's answer tells: where the messages went. */
  private endAttributes(results: unknown): Attributes {
    const attributes: Attributes = {}
    // Unknown at the start of a producer's first send.
    this.client.addClusterId(attributes)
    if (!Array.isArray(results)) return attributes
    const own = (results as RecordMetadata[]).filter(({ topicName }) => topicName === this.topic)
    const [first, ...others] = own
    if (!first) return attributes
    addAddress(
      attributes,
      this.client.cluster.onlyLeaderOf(
        this.topic,
        own.map(({ partition }) => partition),
      ),
    )
    if (others.length > 0) return attributes
    attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(first.partition)
    const offset = Number(first.baseOffset ?? first.offset)
    // Below 0 where the broker does not tell, as for a record it had already.
    if (this.count === 1 && offset >= 0) attributes[ATTR_KAFKA_OFFSET] = offset
    return attributes
  }
}
