import {
  type Attributes,
  type Context,
  context as contextApi,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
} from '@opentelemetry/api'
import {
  ATTR_KAFKA_MESSAGE_TOMBSTONE,
  ATTR_KAFKA_OFFSET,
  ATTR_MESSAGING_BATCH_MESSAGE_COUNT,
  ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME,
  MESSAGING_COUNT_METRIC_ATTRIBUTES,
} from '@spanwright/core/semconv'
import {
  attempt,
  copyWith,
  decide,
  type Ending,
  isTracingSuppressed,
  keepFace,
  Operation,
  runToEnd,
  spanContextOf,
  suppressTracing,
  traceOf,
} from '@spanwright/core/plugin'

import { type BatchWatchers, watchedBy } from './batch-watchers.ts'
import { addAttempt, type Client } from '../client.ts'
import type { Batch, EachBatchPayload, Handler, IncomingMessage } from '../library.ts'
import { carriedContext, type Partition, processAttributes, traceMessage } from './message.ts'
import { addMessageFacts, isTombstone } from '../message/facts.ts'
import type { KafkaOperation } from '../options.ts'
import { whileProcessing } from './processed.ts'
import { longestQueueTime, queueTimeOf, recordQueueTimes } from './queue-time.ts'
import type { KafkaTracing } from '../tracing.ts'

/** Runs the processing of one message of a batch in its own span. */
export type TraceEach = <T>(message: IncomingMessage, work: () => T) => T

/** The handler of `run({ eachBatch })` in a span per batch. */
export function tracedEachBatch(
  tracing: KafkaTracing,
  client: Client,
  watchers: BatchWatchers,
  handler: Handler<EachBatchPayload>,
): Handler<EachBatchPayload> {
  return keepFace(function eachBatch(this: unknown, payload: EachBatchPayload): Promise<void> {
    return traceBatch(tracing, client, payload, traceEach => {
      const watched = attempt('reading a batch', watchedPayload, watchers, payload, traceEach)
      return handler.call(this, watched ?? payload)
    })
  }, handler)
}

function watchedPayload(
  watchers: BatchWatchers,
  payload: EachBatchPayload,
  traceEach: TraceEach,
): EachBatchPayload {
  return copyWith(payload, { traceEach, ...watchedBy(watchers, payload) })
}

function traceBatch<T>(
  tracing: KafkaTracing,
  client: Client,
  { batch }: EachBatchPayload,
  work: (traceEach: TraceEach) => T,
): T {
  const begun = attempt('following a batch', beginBatch, tracing, client, batch)
  if (!begun) return contextApi.with(ROOT_CONTEXT, () => work(runOnly))
  if (!begun.operation) return contextApi.with(begun.beneath, () => work(traceEachOf(tracing, client, batch)))
  return processBatch(tracing, client, batch, begun.operation, work)
}

/** For a batch that is not traced, or cannot be read, so that handlers can always use `traceEach`. */
export const runOnly: TraceEach = function traceEach(_message, work) {
  return work()
}

/** A traced batch, or the context that its work runs in. */
interface Begun {
  readonly operation?: Operation<KafkaOperation>
  readonly beneath: Context
}

function beginBatch(tracing: KafkaTracing, client: Client, batch: Batch): Begun {
  const { settings } = tracing
  const record = settings.hasHooks ? describe(client, batch) : undefined
  const decision = tracing.isOn ? decide(settings, ROOT_CONTEXT, record) : 'skip'
  if (decision !== 'trace') {
    return { beneath: decision === 'ignore' ? suppressTracing(ROOT_CONTEXT) : ROOT_CONTEXT }
  }
  return { operation: startBatch(tracing, client, batch, record, Date.now()), beneath: ROOT_CONTEXT }
}

function processBatch<T>(
  tracing: KafkaTracing,
  client: Client,
  batch: Batch,
  operation: Operation<KafkaOperation>,
  work: (traceEach: TraceEach) => T,
): T {
  const now = Date.now()
  const { attributes, context } = operation
  const link = { context: spanContextOf(operation.span) }
  const measured = new Set<IncomingMessage>()
  const traceEach = traceEachOf(tracing, client, batch, message => {
    measured.add(message)
    return link
  })
  const rest = (): IncomingMessage[] => batch.messages.filter(message => !measured.has(message))
  const settle = (ending: Ending): void => {
    recordQueueTimes(tracing, rest(), now, attributes, context)
    // Its messages were measured individually.
    operation.end({ ...ending, unmeasured: measured.size > 0 })
  }
  const settlement = client.attempts.settlement(batch, batch.messages[0], settle)
  return runToEnd(operation, () => work(traceEach), settlement)
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

/** `traceEach` of a batch. `linkToBatch` is absent when the batch has no span. */
function traceEachOf(
  tracing: KafkaTracing,
  client: Client,
  batch: Batch,
  linkToBatch?: (message: IncomingMessage) => Link,
): TraceEach {
  const place = attempt('reading a batch', placeOf, batch)
  if (!place) return runOnly
  const { topic, partition } = place
  return function traceEach(message, work) {
    // Beneath an ignored batch nothing is traced.
    if (isTracingSuppressed(contextApi.active())) return work()
    return traceMessage(tracing, client, { topic, partition, message }, work, linkToBatch)
  }
}

function placeOf({ topic, partition }: Batch): Partition {
  return { topic, partition }
}

function describe({ groupId }: Client, { topic, partition, messages }: Batch): KafkaOperation {
  return { topic, partition, messages, ...(groupId !== undefined && { groupId }) }
}

function attributesOf(tracing: KafkaTracing, client: Client, batch: Batch, now: number): Attributes {
  const { messages } = batch
  const attributes = processAttributes(client, batch)
  attributes[ATTR_MESSAGING_BATCH_MESSAGE_COUNT] = messages.length
  const [first, ...others] = messages
  if (!first) return attributes
  addAttempt(client, attributes, batch, first.offset)
  if (others.length === 0) {
    attributes[ATTR_KAFKA_OFFSET] = Number(first.offset)
    addMessageFacts(tracing, attributes, first)
  } else if (messages.every(isTombstone)) attributes[ATTR_KAFKA_MESSAGE_TOMBSTONE] = true
  const queueTime = longestQueueTime(messages, now)
  if (queueTime !== undefined) attributes[ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME] = queueTime
  return attributes
}

/** A link for each message that carries a context, with the attributes specific to that message. */
function linksOf(tracing: KafkaTracing, { messages }: Batch, now: number): Link[] {
  const links: Link[] = []
  const { translate } = tracing.settings
  const several = messages.length > 1
  const onlyTombstones = messages.every(isTombstone)
  for (const message of messages) {
    const carried = carriedContext(tracing, message)
    const context = traceOf(carried)
    if (!context) continue
    const attributes: Attributes = {}
    if (several) {
      attributes[ATTR_KAFKA_OFFSET] = Number(message.offset)
      addMessageFacts(tracing, attributes, message)
      // Already recorded on the span.
      if (onlyTombstones) delete attributes[ATTR_KAFKA_MESSAGE_TOMBSTONE]
      const queueTime = queueTimeOf(message, now)
      if (queueTime !== undefined) attributes[ATTR_SPANWRIGHT_MESSAGING_QUEUE_TIME] = queueTime
    }
    links.push({ context, attributes: translate?.(attributes) ?? attributes })
  }
  return links
}
