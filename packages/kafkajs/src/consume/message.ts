import {
  type Attributes,
  type Context,
  context as contextApi,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import {
  ATTR_KAFKA_OFFSET,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME,
  MESSAGING_COUNT_METRIC_ATTRIBUTES,
  OPERATION_TYPE_PROCESS,
} from '@spanwright/core/semconv'
import {
  decide,
  extractContext,
  keepFace,
  Operation,
  runToEnd,
  suppressTracing,
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

/** A message on its way into a handler. */
export interface Delivery {
  readonly topic: string
  readonly partition: number
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
    lag.begin(payload.topic, payload.partition, payload.message.offset)
    return traceMessage(tracing, client, payload, () => handler.call(this, payload))
  }, handler)
}

/**
 * Runs the processing of one message in a span of its own.
 * @param linkToBatch makes the link to the batch it is part of, which has counted it; undefined when it has none with a span
 */
export function traceMessage<T>(
  tracing: KafkaTracing,
  client: Client,
  delivery: Delivery,
  work: () => T,
  linkToBatch?: (message: IncomingMessage) => Link,
): T {
  if (!tracing.isOn) return work()
  const carried = carriedContext(tracing, delivery.message)
  const record = tracing.needsRecord ? describe(client, delivery) : undefined
  const decision = decide(tracing.settings, carried, record)
  if (decision !== 'trace') {
    return contextApi.with(decision === 'ignore' ? suppressTracing(carried) : carried, work)
  }
  const { topic, partition, message } = delivery
  const batch = linkToBatch?.(message)
  const operation = startMessage(tracing, client, delivery, carried, record, batch)
  return runToEnd(operation, work, {
    succeeded() {
      if (!batch) client.attempts.clear(topic, partition)
    },
    failed(error) {
      if (!batch) client.attempts.add(topic, partition, message.offset)
      operation.end(kafkaFailure(error))
    },
  })
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
  const creation = trace.getSpanContext(carried)
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
  recordQueueTimes(tracing, [delivery.message], now, attributes, operation.context)
  return operation
}

/**
 * The context that came with a message. What is active here is whatever was active when the consumer was started,
 * which has nothing to do with the message.
 */
export function carriedContext(tracing: KafkaTracing, { headers }: IncomingMessage): Context {
  return headers ? extractContext(tracing.settings, ROOT_CONTEXT, headers, headerGetter) : ROOT_CONTEXT
}

function describe({ groupId }: Client, { topic, partition, message }: Delivery): KafkaOperation {
  return { topic, partition, message, ...(groupId !== undefined && { groupId }) }
}

function attributesOf(
  tracing: KafkaTracing,
  client: Client,
  { topic, partition, message }: Delivery,
  now: number,
): Attributes {
  const attributes = client.attributesOf('process', OPERATION_TYPE_PROCESS, topic)
  attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(partition)
  attributes[ATTR_KAFKA_OFFSET] = Number(message.offset)
  addMessageFacts(tracing, attributes, message)
  addAddress(attributes, client.cluster.leaderOf(topic, partition))
  const queueTime = queueTimeOf(message, now)
  if (queueTime !== undefined) attributes[ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME] = queueTime
  return attributes
}
