import { type Attributes, type Context, SpanKind } from '@opentelemetry/api'
import { ATTR_MESSAGING_DESTINATION_PARTITION_ID, OPERATION_TYPE_CREATE } from '@spanwright/core/semconv'
import { isInTrace, Operation, SUCCESS } from '@spanwright/core/plugin'

import type { Client } from '../client.ts'
import type { OutgoingMessage } from '../library.ts'
import { addMessageFacts } from '../message/facts.ts'
import type { KafkaOperation } from '../options.ts'
import type { Stamping } from './stamping.ts'
import type { SendScene } from './topic-send.ts'
import type { KafkaTracing } from '../tracing.ts'

/** The contexts that messages were written in, by index; undefined when all were written in that of the send. */
export function writtenContexts(
  { brought, writes, refused }: Stamping,
  { contexts }: SendScene,
): ReadonlyMap<number, Context> | undefined {
  if (!contexts || !writes || refused) return undefined
  const traced = [...contexts.entries()].filter(
    ([index, context]) => isInTrace(context) && !brought?.[index]?.kept,
  )
  return new Map(traced)
}

/**
 * Creates a `create` span for each message that gets a context.
 * @returns the contexts by index of the message; undefined when none can be written
 */
export function createMessages(
  tracing: KafkaTracing,
  client: Client,
  topic: string,
  messages: readonly OutgoingMessage[],
  { brought, writes, refused }: Stamping,
  { parent, contexts: parents }: SendScene,
): ReadonlyMap<number, Context> | undefined {
  if (!client.headers.writable) return undefined
  const contexts = new Map<number, Context>()
  if (!writes || refused) return contexts
  for (const [index, message] of messages.entries()) {
    const own = brought?.[index]
    if (own?.kept) continue
    const operation = new Operation<KafkaOperation>(tracing.settings, {
      kind: SpanKind.PRODUCER,
      name: `create ${topic}`,
      attributes: attributesOf(tracing, client, topic, message),
      parent: parents?.[index] ?? parent,
      links: own?.trace && [{ context: own.trace }],
      record: tracing.settings.hasHooks ? { topic, message } : undefined,
    })
    contexts.set(index, operation.context)
    // Creating a message takes no time; only the send does.
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
