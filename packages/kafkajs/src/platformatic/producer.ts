import { type Context, context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api'
import { attempt, copyWith, isWrapped, keepFace, wrapMethod } from '@spanwright/core/plugin'

import type { Client } from '../client.ts'
import type { OutgoingMessage, TopicMessages } from '../library.ts'
import { endSending, runSending, type Sending, startSending } from '../produce/sender.ts'
import type { SendScene } from '../produce/topic-send.ts'
import type { KafkaTracing } from '../tracing.ts'
import { clientOfProducer } from './clients.ts'
import type { Callback, PlatformaticOutgoingMessage, Producer, SendOptions, SendResult } from './library.ts'
import { takeContexts } from './producer-stream.ts'
import { currentTracing } from './tracings.ts'
import { abandonTransaction, contextOfSend } from './transactions.ts'

/** Traces a producer's sends: direct ones, in its transactions and through its streams. */
export function traceProducer(producer: Producer): void {
  if (isWrapped(producer, 'send')) return
  const client = clientOfProducer(producer)
  wrapMethod(
    producer,
    'send',
    (original: Producer['send']) =>
      function send(this: unknown, options: SendOptions, callback?: Callback<SendResult>) {
        const tracing = currentTracing()
        const sending =
          tracing?.isOn && attempt('preparing a send', startSend, tracing, client, producer, options)
        if (!sending) return original.call(this as Producer, options, callback)
        const { messages } = sending
        const stamped = attempt('preparing a send', copyWith, options, { messages }) ?? options
        return typeof callback === 'function'
          ? sendThenCall(sending, callback, settled => original.call(this as Producer, stamped, settled))
          : runSending(
              sending,
              () => original.call(this as Producer, stamped) as Promise<SendResult>,
              metadataIn,
            )
      },
  )
  wrapMethod(
    producer,
    'close',
    (original: Producer['close']) =>
      function close(this: unknown, ...args: never[]): unknown {
        const closing = original.apply(this as Producer, args)
        if (producer.closed) abandonTransaction(producer)
        return closing
      },
  )
}

/** A send whose spans were started. */
interface StartedSend extends Sending {
  /** The messages passed to the library instead of the caller's, in the same order. */
  readonly messages: readonly unknown[]
}

function startSend(
  tracing: KafkaTracing,
  client: Client,
  producer: Producer,
  options: SendOptions | undefined,
): StartedSend | undefined {
  const given = options?.messages
  if (!Array.isArray(given)) return undefined
  const places = placesByTopic(given as readonly PlatformaticOutgoingMessage[])
  const entries = [...places].map(([topic, indexes]): TopicMessages => ({
    topic,
    messages: indexes.map(index => given[index] as OutgoingMessage),
  }))
  const contexts = takeContexts(given)
  const sending = startSending(tracing, client, entries, topic =>
    sceneOf(producer, contexts && (places.get(topic) ?? []).map(index => contexts[index])),
  )
  if (!sending) return undefined
  const messages: unknown[] = [...given]
  for (const { topic, messages: stamped } of sending.topicMessages) {
    for (const [position, index] of (places.get(topic) ?? []).entries()) messages[index] = stamped[position]
  }
  return { ...sending, messages }
}

/** The contexts of a send: the active one, or those in which messages were written to a stream. */
function sceneOf(producer: Producer, contexts: readonly (Context | undefined)[] | undefined): SendScene {
  const now = contextApi.active()
  const all = contexts?.map(context => context ?? now)
  const [only = now, ...others] = new Set(all)
  if (others.length === 0) return { active: only, parent: contextOfSend(producer, only) }
  // The send does not belong to any one of the traces.
  return { active: ROOT_CONTEXT, parent: contextOfSend(producer, ROOT_CONTEXT), contexts: all ?? [] }
}

/** Indexes of the messages of each topic. Messages the library will refuse have none. */
function placesByTopic(messages: readonly PlatformaticOutgoingMessage[]): Map<string, number[]> {
  const places = new Map<string, number[]>()
  for (const [index, message] of messages.entries()) {
    const topic: unknown = message?.topic
    if (typeof topic !== 'string') continue
    const ofTopic = places.get(topic)
    if (ofTopic) ofTopic.push(index)
    else places.set(topic, [index])
  }
  return places
}

/** Sends for a caller that passed a callback. */
function sendThenCall<Result>(
  { first, all }: Sending,
  callback: Callback<SendResult>,
  send: (settled: Callback<SendResult>) => Result,
): Result {
  const active = contextApi.active()
  const settled = keepFace((error: unknown, answer?: SendResult): void => {
    const metadata = answer && attempt('reading the results of a send', metadataIn, answer)
    endSending(all, error ? { error } : undefined, metadata)
    contextApi.with(active, () => callback(error, answer))
  }, callback)
  try {
    return contextApi.with(first.workContext, () => send(settled))
  } catch (error) {
    endSending(all, { error })
    throw error
  }
}

function metadataIn({ offsets }: SendResult): unknown {
  return offsets?.map(({ topic, partition, offset }) => ({ topicName: topic, partition, baseOffset: offset }))
}
