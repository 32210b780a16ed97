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
  decide,
  extractContext,
  keepFace,
  MESSAGING_COUNT_METRIC_ATTRIBUTES,
  Operation,
  OPERATION_TYPE_PROCESS,
  runToEnd,
  suppressTracing,
} from '@spanwright/core'

import { headerGetter } from './carrier.ts'
import { addAddress, type Client } from './client.ts'
import { kafkaFailure } from './failure.ts'
import type { EachMessagePayload, Handler, IncomingMessage } from './library.ts'
import { addMessageFacts } from './message-facts.ts'
import type { KafkaOperation } from './options.ts'
import { whileProcessing } from './processed.ts'
import type { KafkaTracing } from './tracing.ts'

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
  handler: Handler<EachMessagePayload>,
): Handler<EachMessagePayload> {
  return keepFace(function eachMessage(this: unknown, payload: EachMessagePayload): Promise<void> {
    return traceMessage(tracing, client, payload, true, () => handler.call(this, payload))
  }, handler)
}

/**
 * Runs the processing of one message in a span of its own.
 * @param counted whether the message counts as delivered; false where its batch has counted it
 */
export function traceMessage<T>(
  tracing: KafkaTracing,
  client: Client,
  delivery: Delivery,
  counted: boolean,
  work: () => T,
  links: Link[] = [],
): T {
  if (!tracing.isOn) return work()
  const { settings } = tracing
  const carried = carriedContext(tracing, delivery.message)
  const record = tracing.needsRecord ? describe(client, delivery) : undefined
  const decision = decide(settings, carried, record)
  if (decision !== 'trace') {
    return contextApi.with(decision === 'ignore' ? suppressTracing(carried) : carried, work)
  }
  const creation = trace.getSpanContext(carried)
  if (creation) links.unshift({ context: creation })
  const root = tracing.parentOf(record) === 'link'
  const operation = new Operation<KafkaOperation>(settings, {
    kind: SpanKind.CONSUMER,
    name: `process ${delivery.topic}`,
    attributes: attributesOf(tracing, client, delivery),
    parent: creation ? whileProcessing(carried, [creation]) : carried,
    root,
    links,
    record,
    duration: { histogram: tracing.processDuration, keys: MESSAGING_COUNT_METRIC_ATTRIBUTES },
    count: counted
      ? { counter: tracing.consumedMessages, amount: 1, keys: MESSAGING_COUNT_METRIC_ATTRIBUTES }
      : undefined,
  })
  return runToEnd(operation, work, { failed: error => operation.end(kafkaFailure(error)) })
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
): Attributes {
  const attributes = client.attributesOf('process', OPERATION_TYPE_PROCESS, topic)
  attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(partition)
  attributes[ATTR_KAFKA_OFFSET] = Number(message.offset)
  addMessageFacts(tracing, attributes, message)
  addAddress(attributes, client.cluster.leaderOf(topic, partition))
  return attributes
}
