import {
  type Attributes,
  context as contextApi,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api'
import {
  ATTR_KAFKA_MESSAGE_TOMBSTONE,
  ATTR_KAFKA_OFFSET,
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGING_DESTINATION_PARTITION_ID,
  ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME,
  MESSAGING_COUNT_METRIC_ATTRIBUTES,
  OPERATION_TYPE_PROCESS,
} from '@spanwright/core/semconv'
import {
  copyWith,
  decide,
  type Ending,
  isInTrace,
  isTracingSuppressed,
  keepFace,
  Operation,
  runToEnd,
  SUCCESS,
  suppressTracing,
} from '@spanwright/core/plugin'

import { type BatchWatchers, watchedBy } from './batch-watchers.ts'
import { addAddress, addAttempt, type Client } from '../client.ts'
import { kafkaFailure } from '../failure.ts'
import type { Batch, EachBatchPayload, Handler, IncomingMessage } from '../library.ts'
import { carriedContext, traceMessage } from './message.ts'
import { addMessageFacts, isTombstone } from '../message/facts.ts'
import type { KafkaOperation } from '../options.ts'
import { whileProcessing } from './processed.ts'
import { longestQueueTime, queueTimeOf, recordQueueTimes } from './queue-time.ts'
import type { KafkaTracing } from '../tracing.ts'

/** Runs the processing of one message of a batch in a span of its own. */
export type TraceEach = <T>(message: IncomingMessage, work: () => T) => T

/** The handler of `run({ eachBatch })` in a span per batch. */
export function tracedEachBatch(
  tracing: KafkaTracing,
  client: Client,
  watchers: BatchWatchers,
  handler: Handler<EachBatchPayload>,
): Handler<EachBatchPayload> {
  return keepFace(function eachBatch(this: unknown, payload: EachBatchPayload): Promise<void> {
    return traceBatch(tracing, client, payload.batch, traceEach =>
      handler.call(this, copyWith(payload, { traceEach, ...watchedBy(watchers, payload) })),
    )
  }, handler)
}

function traceBatch<T>(
  tracing: KafkaTracing,
  client: Client,
  batch: Batch,
  work: (traceEach: TraceEach) => T,
): T {
  const { settings } = tracing
  const record = settings.hasHooks ? describe(client, batch) : undefined
  const decision = tracing.isOn ? decide(settings, ROOT_CONTEXT, record) : 'skip'
  if (decision !== 'trace') {
    const beneath = decision === 'ignore' ? suppressTracing(ROOT_CONTEXT) : ROOT_CONTEXT
    return contextApi.with(beneath, () => work(traceEachOf(tracing, client, batch)))
  }
  const now = Date.now()
  const operation = startBatch(tracing, client, batch, record, now)
  const { attributes, context } = operation
  const link = { context: operation.span.spanContext() }
  const measured = new Set<IncomingMessage>()
  const traceEach = traceEachOf(tracing, client, batch, message => {
    measured.add(message)
    return link
  })
  const rest = (): IncomingMessage[] => batch.messages.filter(message => !measured.has(message))
  const settle = (ending: Ending): void => {
    recordQueueTimes(tracing, rest(), now, attributes, context)
    // Its messages were measured one by one.
    operation.end({ ...ending, unmeasured: measured.size > 0 })
  }
  const [first] = batch.messages
  return runToEnd(operation, () => work(traceEach), {
    succeeded() {
      client.attempts.clear(batch.topic, batch.partition)
      settle(SUCCESS)
    },
    failed(error) {
      if (first) client.attempts.add(batch.topic, batch.partition, first.offset)
      settle(kafkaFailure(error))
    },
  })
}

function startBatch(
  tracing: KafkaTracing,
  client: Client,
  batch: Batch,
  record: KafkaOperation | undefined,
  now: number,
): Operation<KafkaOperation> {
  const links = linksOf(tracing, batch, now)
  const carried = links.map(({ context }) => context)
  return new Operation<KafkaOperation>(tracing.settings, {
    kind: SpanKind.CONSUMER,
    name: `process ${batch.topic}`,
    attributes: attributesOf(tracing, client, batch, now),
    parent: whileProcessing(ROOT_CONTEXT, carried),
    links,
    record,
    duration: { histogram: tracing.processDuration, keys: MESSAGING_COUNT_METRIC_ATTRIBUTES },
    count: {
      counter: tracing.consumedMessages,
      amount: batch.messages.length,
      keys: MESSAGING_COUNT_METRIC_ATTRIBUTES,
    },
  })
}

/** `traceEach` of a batch. `linkToBatch` is absent where the batch has no span. */
function traceEachOf(
  tracing: KafkaTracing,
  client: Client,
  { topic, partition }: Batch,
  linkToBatch?: (message: IncomingMessage) => Link,
): TraceEach {
  return function traceEach(message, work) {
    // Beneath an ignored batch nothing is traced.
    if (isTracingSuppressed(contextApi.active())) return work()
    return traceMessage(tracing, client, { topic, partition, message }, work, linkToBatch)
  }
}

function describe({ groupId }: Client, { topic, partition, messages }: Batch): KafkaOperation {
  return { topic, partition, messages, ...(groupId !== undefined && { groupId }) }
}

function attributesOf(
  tracing: KafkaTracing,
  client: Client,
  { topic, partition, messages }: Batch,
  now: number,
): Attributes {
  const attributes = client.attributesOf('process', OPERATION_TYPE_PROCESS, topic)
  attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(partition)
  attributes[ATTR_MESSAGING_BATCH_MESSAGE_COUNT] = messages.length
  addAddress(attributes, client.cluster.leaderOf(topic, partition))
  const [first, ...others] = messages
  if (!first) return attributes
  addAttempt(client, attributes, { topic, partition }, first.offset)
  if (others.length === 0) {
    attributes[ATTR_KAFKA_OFFSET] = Number(first.offset)
    addMessageFacts(tracing, attributes, first)
  } else if (messages.every(isTombstone)) attributes[ATTR_KAFKA_MESSAGE_TOMBSTONE] = true
  const queueTime = longestQueueTime(messages, now)
  if (queueTime !== undefined) attributes[ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME] = queueTime
  return attributes
}

/** A link per message that carries a context, with what is this message's alone. */
function linksOf(tracing: KafkaTracing, { messages }: Batch, now: number): Link[] {
  const links: Link[] = []
  const { translate } = tracing.settings
  const several = messages.length > 1
  const onlyTombstones = messages.every(isTombstone)
  for (const message of messages) {
    const carried = carriedContext(tracing, message)
    const context = trace.getSpanContext(carried)
    if (!context || !isInTrace(carried)) continue
    const attributes: Attributes = {}
    if (several) {
      attributes[ATTR_KAFKA_OFFSET] = Number(message.offset)
      addMessageFacts(tracing, attributes, message)
      // Said on the span already.
      if (onlyTombstones) delete attributes[ATTR_KAFKA_MESSAGE_TOMBSTONE]
      const queueTime = queueTimeOf(message, now)
      if (queueTime !== undefined) attributes[ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME] = queueTime
    }
    links.push({ context, attributes: translate?.(attributes) ?? attributes })
  }
  return links
}
