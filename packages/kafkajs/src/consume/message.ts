import {
  type Attributes,
  type Context,
  context as contextApi,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
} from '@opentelemetry/api'
import {
  ATTR_KAFKA_OFFSET,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME,
  MESSAGING_COUNT_METRIC_ATTRIBUTES,
  OPERATION_TYPE_PROCESS,
} from '@spanwright/core/semconv'
import {
  attempt,
  decide,
  type Ending,
  extractContext,
  keepFace,
  Operation,
  runToEnd,
  suppressTracing,
  traceOf,
} from '@spanwright/core/plugin'

import { headerGetter } from '../message/carrier.ts'
import { addAddress, addAttempt, type Client } from '../client.ts'
import { kafkaFailure } from '../failure.ts'
import type { ConsumerLag } from './lag.ts'
import type { EachMessagePayload, Handler, IncomingMessage } from '../library.ts'
import { addMessageFacts } from '../message/facts.ts'
import type { KafkaOperation } from '../options.ts'
import { whileProcessing } from './processed.ts'
import { queueTimeOf, recordQueueTimes } from './queue-time.ts'
import type { KafkaTracing } from '../tracing.ts'

/** Where messages are delivered from. */
export interface Partition {
  readonly topic: string
  readonly partition: number
}

/** A message being delivered to a handler. */
export interface Delivery extends Partition {
  readonly message: IncomingMessage
}

/** The handler of `run({ eachMessage })` in a span per message. */
export function tracedEachMessage(
  tracing: KafkaTracing,
  client: Client,
  lag: ConsumerLag,
  handler: Handler<EachMessagePayload>,
): Handler<EachMessagePayload> {
  return keepFace(function eachMessage(this: unknown, payload: EachMessagePayload): Promise<void> {
    attempt('measuring the lag', noteBegin, lag, payload)
    return traceMessage(tracing, client, payload, () => handler.call(this, payload))
  }, handler)
}

function noteBegin(lag: ConsumerLag, { topic, partition, message }: EachMessagePayload): void {
  lag.begin(topic, partition, message.offset)
}

/**
 * Runs the processing of one message in its own span.
 * @param linkToBatch creates the link to the batch it is part of, which has already counted it; undefined when no batch
 * span exists
 */
export function traceMessage<T>(
  tracing: KafkaTracing,
  client: Client,
  delivery: Delivery,
  work: () => T,
  linkToBatch?: (message: IncomingMessage) => Link,
): T {
  if (!tracing.isOn) return work()
  const begun = attempt('following a message', beginMessage, tracing, client, delivery, linkToBatch)
  if (!begun) return work()
  if (!(begun instanceof Operation)) return contextApi.with(begun, work)
  const end = (ending: Ending): void => begun.end(ending)
  const settlement = linkToBatch
    ? { failed: (error: unknown) => end(kafkaFailure(error)) }
    : client.attempts.settlement(delivery, delivery.message, end)
  return runToEnd(begun, work, settlement)
}

/** @returns the operation of a traced message; otherwise the context that its processing runs in */
function beginMessage(
  tracing: KafkaTracing,
  client: Client,
  delivery: Delivery,
  linkToBatch: ((message: IncomingMessage) => Link) | undefined,
): Operation<KafkaOperation> | Context {
  const carried = carriedContext(tracing, delivery.message)
  const record = tracing.needsRecord ? describe(client, delivery) : undefined
  const decision = decide(tracing.settings, carried, record)
  if (decision !== 'trace') return decision === 'ignore' ? suppressTracing(carried) : carried
  return startMessage(tracing, client, delivery, carried, record, linkToBatch?.(delivery.message))
}

export function startMessage(
  tracing: KafkaTracing,
  client: Client,
  delivery: Delivery,
  carried: Context,
  record: KafkaOperation | undefined,
  batch: Link | undefined,
): Operation<KafkaOperation> {
  const now = Date.now()
  const creation = traceOf(carried)
  const links: Link[] = creation ? [{ context: creation }] : []
  if (batch) links.push(batch)
  const attributes = attributesOf(tracing, client, delivery, now)
  if (!batch) addAttempt(client, attributes, delivery, delivery.message.offset)
  const operation = new Operation<KafkaOperation>(tracing.settings, {
    kind: SpanKind.CONSUMER,
    name: `process ${delivery.topic}`,
    attributes,
    parent: creation ? whileProcessing(carried, [creation]) : carried,
    root: tracing.parentOf(record) === 'link',
    links,
    record,
    duration: { histogram: tracing.processDuration, keys: MESSAGING_COUNT_METRIC_ATTRIBUTES },
    count: batch
      ? undefined
      : { counter: tracing.consumedMessages, amount: 1, keys: MESSAGING_COUNT_METRIC_ATTRIBUTES },
  })
  const messages = [delivery.message]
  attempt('measuring queue times', recordQueueTimes, tracing, messages, now, attributes, operation.context)
  return operation
}

/**
 * The context carried by a message. The active context is that of the consumer's start, which is unrelated to the
 * message.
 */
export function carriedContext(tracing: KafkaTracing, { headers }: IncomingMessage): Context {
  return headers ? extractContext(tracing.settings, ROOT_CONTEXT, headers, headerGetter) : ROOT_CONTEXT
}

function describe({ groupId }: Client, { topic, partition, message }: Delivery): KafkaOperation {
  return { topic, partition, message, ...(groupId !== undefined && { groupId }) }
}

/** The attributes that one message and a batch have in common. */
export function processAttributes(client: Client, { topic, partition }: Partition): Attributes {
  const attributes = client.attributesOf('process', OPERATION_TYPE_PROCESS, topic)
  attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(partition)
  addAddress(attributes, client.cluster.leaderOf(topic, partition))
  return attributes
}

function attributesOf(tracing: KafkaTracing, client: Client, delivery: Delivery, now: number): Attributes {
  const { message } = delivery
  const attributes = processAttributes(client, delivery)
  attributes[ATTR_KAFKA_OFFSET] = Number(message.offset)
  addMessageFacts(tracing, attributes, message)
  const queueTime = queueTimeOf(message, now)
  if (queueTime !== undefined) attributes[ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME] = queueTime
  return attributes
}
