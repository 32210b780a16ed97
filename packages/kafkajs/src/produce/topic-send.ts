import { type Attributes, type Context, type Link, SpanKind, trace } from '@opentelemetry/api'
import {
  ATTR_KAFKA_MESSAGE_TOMBSTONE,
  ATTR_KAFKA_OFFSET,
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  MESSAGING_COUNT_METRIC_ATTRIBUTES,
  MESSAGING_OPERATION_METRIC_ATTRIBUTES,
  OPERATION_TYPE_SEND,
} from '@spanwright/core/semconv'
import { Operation, reportFailure, spanContextOf, SUCCESS, traceOf } from '@spanwright/core/plugin'

import { addAddress, type Client } from '../client.ts'
import { createMessages, writtenContexts } from './creation.ts'
import { clientFailure } from '../failure.ts'
import type { OutgoingMessage, RecordMetadata, TopicMessages } from '../library.ts'
import { addMessageFacts, isTombstone } from '../message/facts.ts'
import type { KafkaOperation } from '../options.ts'
import { planStamping, REFUSED, type Stamping, stampMessages } from './stamping.ts'
import type { KafkaTracing } from '../tracing.ts'

/** The contexts of a send. */
export interface SendScene {
  /** Context of the parent span. */
  readonly parent: Context
  /** Context of the caller. */
  readonly active: Context
  /** Contexts the messages were written in, by index, when one send combines several. */
  readonly contexts?: readonly Context[]
}

/** Facts of a send call that apply to all its topics. */
export interface SendCall {
  /** True when kafkajs will refuse it. */
  readonly refused: boolean
  /** True when it sends a single message. */
  readonly single: boolean
}

/** The part of a send for one topic: its span, and the context in its messages. */
export class TopicSend {
  readonly topic: string
  /** The messages to pass to kafkajs. */
  readonly messages: readonly OutgoingMessage[]
  readonly operation: Operation<KafkaOperation>
  private readonly tracing: KafkaTracing
  private readonly client: Client
  private readonly count: number

  constructor(
    tracing: KafkaTracing,
    client: Client,
    { topic, messages }: TopicMessages,
    scene: SendScene,
    { refused, single }: SendCall,
    record: KafkaOperation | undefined,
  ) {
    this.tracing = tracing
    this.client = client
    this.topic = topic
    this.count = messages.length
    const { parent } = scene
    const stamping = refused ? REFUSED : planStamping(tracing, client.headers, messages, scene)
    const created = tracing.messageSpans
      ? createMessages(tracing, client, topic, messages, stamping, scene)
      : writtenContexts(stamping, scene)
    const isCreator = stamping.writes && !(created && coversAll(created, messages, stamping))
    this.operation = new Operation(tracing.settings, {
      kind: isCreator ? SpanKind.PRODUCER : SpanKind.CLIENT,
      name: `send ${topic}`,
      attributes: this.startAttributes(messages, stamping, single),
      parent,
      links: linksOf(messages, stamping, created),
      record,
      duration: { histogram: tracing.operationDuration, keys: MESSAGING_OPERATION_METRIC_ATTRIBUTES },
      count: {
        counter: tracing.sentMessages,
        // Messages that kafkajs refuses were never sent.
        amount: stamping.refused ? 0 : messages.length,
        keys: MESSAGING_COUNT_METRIC_ATTRIBUTES,
      },
    })
    this.messages = this.stamp(messages, stamping, created)
  }

  /**
   * The context kafkajs runs in. It holds only the ids of the span, because kafkajs may open connections while sending,
   * and these retain the context they were opened in.
   */
  get workContext(): Context {
    return trace.setSpanContext(this.operation.context, spanContextOf(this.operation.span))
  }

  succeeded(results: unknown): void {
    const attributes: Attributes = {}
    try {
      this.addResults(attributes, results)
    } catch (error) {
      reportFailure('reading the results of a send', error)
    }
    this.operation.end(SUCCESS, attributes)
  }

  failed(error: unknown): void {
    this.operation.end(clientFailure(error))
  }

  private stamp(
    messages: readonly OutgoingMessage[],
    stamping: Stamping,
    created: ReadonlyMap<number, Context> | undefined,
  ): readonly OutgoingMessage[] {
    const { tracing, client, operation } = this
    const own = operation.context
    try {
      return stampMessages(tracing, client.headers, stamping, messages, index => created?.get(index) ?? own)
    } catch (error) {
      reportFailure('writing the context into messages', error)
      return messages
    }
  }

  private startAttributes(
    messages: readonly OutgoingMessage[],
    { refused }: Stamping,
    single: boolean,
  ): Attributes {
    const attributes = this.client.attributesOf('send', OPERATION_TYPE_SEND, this.topic)
    if (!single) attributes[ATTR_MESSAGING_BATCH_MESSAGE_COUNT] = messages.length
    addAddress(attributes, this.client.cluster.onlyLeaderOf(this.topic))
    const [first] = messages
    if (!first || refused) return attributes
    if (messages.length === 1) addMessageFacts(this.tracing, attributes, first)
    else if (messages.every(isTombstone)) attributes[ATTR_KAFKA_MESSAGE_TOMBSTONE] = true
    const { partition } = first
    if (partition !== undefined && messages.every(other => other.partition === partition)) {
      attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(partition)
    }
    return attributes
  }

  /** Adds the destination of the messages from the broker's response. */
  private addResults(attributes: Attributes, results: unknown): void {
    const { cluster } = this.client
    // Not known at the start of a producer's first send.
    this.client.addIdentity(attributes)
    if (!Array.isArray(results)) return
    const own = (results as RecordMetadata[]).filter(({ topicName }) => topicName === this.topic)
    const [first, ...others] = own
    if (!first) return
    const partitions = own.map(({ partition }) => partition)
    addAddress(attributes, cluster.onlyLeaderOf(this.topic, partitions))
    if (others.length > 0) return
    attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(first.partition)
    const offset = Number(first.baseOffset ?? first.offset)
    // Below 0 when the broker does not report it, as for a duplicate record.
    if (this.count === 1 && offset >= 0) attributes[ATTR_KAFKA_OFFSET] = offset
  }
}

/** False when at least one message carries the context of the send itself. */
function coversAll(
  created: ReadonlyMap<number, Context>,
  messages: readonly OutgoingMessage[],
  { brought }: Stamping,
): boolean {
  return messages.every((_, index) => created.has(index) || brought?.[index]?.kept)
}

/** Links to the contexts sent in the messages other than the send's own, and to those it replaces. */
function linksOf(
  messages: readonly OutgoingMessage[],
  { brought }: Stamping,
  created: ReadonlyMap<number, Context> | undefined,
): Link[] {
  const links: Link[] = []
  if (!brought && !created) return links
  for (const index of messages.keys()) {
    const creation = created?.get(index)
    const context = creation ? traceOf(creation) : brought?.[index]?.trace
    if (context) links.push({ context })
  }
  return links
}
