import { type Attributes, type Context, SpanKind } from '@opentelemetry/api'
import { ATTR_MESSAGING_DESTINATION_PARTITION_ID, OPERATION_TYPE_CREATE } from '@spanwright/core/semconv'
import { Operation, SUCCESS } from '@spanwright/core/plugin'

import type { Client } from '../client.ts'
import type { OutgoingMessage } from '../library.ts'
import { addMessageFacts } from '../message/facts.ts'
import type { KafkaOperation } from '../options.ts'
import type { Stamping } from './stamping.ts'
import type { KafkaTracing } from '../tracing.ts'

/**
 * Makes a `create` span for each message that is to be given a context.
 * @returns the context of each, by the index of the message
 */
export function createMessages(
  tracing: KafkaTracing,
  client: Client,
  topic: string,
  messages: readonly OutgoingMessage[],
  { brought, writes, refused }: Stamping,
  parent: Context,
): ReadonlyMap<number, Context> {
  const contexts = new Map<number, Context>()
  if (!writes || refused) return contexts
  for (const [index, message] of messages.entries()) {
    const own = brought?.[index]
    if (own?.kept) continue
    const operation = new Operation<KafkaOperation>(tracing.settings, {
      kind: SpanKind.PRODUCER,
      name: `create ${topic}`,
      attributes: attributesOf(tracing, client, topic, message),
      parent,
      links: own?.trace && [{ context: own.trace }],
      record: tracing.settings.hasHooks ? { topic, message } : undefined,
    })
    contexts.set(index, operation.context)
    // A message is created at once; what takes time is the send.
    operation.end(SUCCESS)
  }
  return contexts
}

function attributesOf(
  tracing: KafkaTracing,
  client: Client,
  topic: string,
  message: OutgoingMessage,
): Attributes {
  const attributes = client.attributesOf('create', OPERATION_TYPE_CREATE, topic)
  if (message.partition !== undefined) {
    attributes[ATTR_MESSAGING_DESTINATION_PARTITION_ID] = String(message.partition)
  }
  addMessageFacts(tracing, attributes, message)
  return attributes
}
