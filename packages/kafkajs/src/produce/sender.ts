import { type Context, context as contextApi, createContextKey } from '@opentelemetry/api'
import {
  attempt,
  copyWith,
  decide,
  isInTrace,
  reportFailure,
  runToEnd,
  wrapMethod,
} from '@spanwright/core/plugin'

import type { Client } from '../client.ts'
import type { ProducerBatch, RecordMetadata, Sender, TopicMessages } from '../library.ts'
import type { KafkaOperation } from '../options.ts'
import { type SendCall, type SendScene, TopicSend } from './topic-send.ts'
import type { KafkaTracing } from '../tracing.ts'

/** The producer or transaction that sends a batch. */
const BATCH = createContextKey('spanwright.batch')

/** Traces the sends of a producer or a transaction. `parentOf` returns the parent context of a send. */
export function traceSender(
  tracing: KafkaTracing,
  client: Client,
  sender: Sender,
  parentOf: (active: Context) => Context = active => active,
): void {
  const sceneNow = (): SendScene => {
    const active = contextApi.active()
    return { active, parent: parentOf(active) }
  }
  // Some clients send a batch by sending its parts: those are already traced.
  let withinBatch = false
  wrapMethod(
    sender,
    'send',
    (original: Sender['send']) =>
      function send(this: unknown, record: TopicMessages): Promise<RecordMetadata[]> {
        const isPart = withinBatch || contextApi.active().getValue(BATCH) === sender
        const sending =
          !isPart &&
          tracing.isOn &&
          attempt('preparing a send', startSending, tracing, client, [record], sceneNow())
        if (!sending) return original.call(this as Sender, record)
        const messages = sending.topicMessages[0]?.messages
        const stamped = attempt('preparing a send', copyWith, record, { messages }) ?? record
        return runSending(sending, () => original.call(this as Sender, stamped))
      },
  )
  wrapMethod(
    sender,
    'sendBatch',
    (original: Sender['sendBatch']) =>
      function sendBatch(this: unknown, batch: ProducerBatch): Promise<RecordMetadata[]> {
        const sending =
          tracing.isOn && attempt('preparing a send', startBatch, tracing, client, batch, sceneNow())
        if (!sending) return original.call(this as Sender, batch)
        const { topicMessages } = sending
        const stamped = attempt('preparing a send', copyWith, batch, { topicMessages }) ?? batch
        return runSending(sending, () => {
          withinBatch = true
          try {
            // It may send them later.
            const within = contextApi.active().setValue(BATCH, sender)
            return contextApi.with(within, original, this, stamped)
          } finally {
            withinBatch = false
          }
        })
      },
  )
}

function startBatch(
  tracing: KafkaTracing,
  client: Client,
  batch: ProducerBatch | undefined,
  scene: SendScene,
): Sending | undefined {
  return startSending(tracing, client, batch?.topicMessages, scene)
}

/** One send call, with a span per topic. */
export interface Sending {
  readonly first: TopicSend
  readonly all: readonly TopicSend[]
  /** The messages passed to kafkajs instead of the caller's. */
  readonly topicMessages: readonly TopicMessages[]
}

/**
 * Starts the spans of a send; undefined when there is nothing to trace.
 * @param scene of the whole call, or of each topic
 */
export function startSending(
  tracing: KafkaTracing,
  client: Client,
  given: readonly TopicMessages[] | undefined,
  scene: SendScene | ((topic: string) => SendScene),
): Sending | undefined {
  const sends: TopicSend[] = []
  const entries = mergeTopics(given)
  const call = { refused: !accepts(client, entries), single: isSingle(entries) }
  const topicMessages = entries.map(entry => {
    const own = typeof scene === 'function' ? scene(entry.topic) : scene
    const send = startTopic(tracing, client, entry, own, call)
    if (!send) return entry
    sends.push(send)
    return attempt('preparing a send', copyWith, entry, { messages: send.messages }) ?? entry
  })
  const [first] = sends
  return first && { first, all: sends, topicMessages }
}

/** True when a call sends one message. */
function isSingle([first, ...others]: readonly TopicMessages[]): boolean {
  return others.length === 0 && first?.messages.length === 1
}

/** False when kafkajs will refuse the call: a single invalid message is enough, in any topic. */
function accepts({ headers }: Client, entries: readonly TopicMessages[]): boolean {
  try {
    return entries.every(({ messages }) => messages.every(message => headers.accepts(message)))
  } catch (error) {
    reportFailure('reading what is sent', error)
    return false
  }
}

/** Starts the span of one topic; undefined when it must not be traced. */
function startTopic(
  tracing: KafkaTracing,
  client: Client,
  entry: TopicMessages,
  scene: SendScene,
  call: SendCall,
): TopicSend | undefined {
  try {
    const record = tracing.settings.hasHooks ? describe(entry) : undefined
    const { parent, contexts } = scene
    if (decide(tracing.settings, contexts?.find(isInTrace) ?? parent, record) !== 'trace') return undefined
    return new TopicSend(tracing, client, entry, scene, call, record)
  } catch (error) {
    reportFailure('preparing a send', error)
    return undefined
  }
}

function describe({ topic, messages }: TopicMessages): KafkaOperation {
  const [message, ...others] = messages
  return message && others.length === 0 ? { topic, message, messages } : { topic, messages }
}

/** One entry per topic, merged as in kafkajs; none when it will refuse the argument. */
function mergeTopics(given: readonly TopicMessages[] | undefined): readonly TopicMessages[] {
  try {
    if (!Array.isArray(given) || !given.every(isTraceable)) return []
    const merged = new Map<string, TopicMessages>()
    for (const entry of given as readonly TopicMessages[]) {
      const earlier = merged.get(entry.topic)
      const messages = earlier && [...earlier.messages, ...entry.messages]
      merged.set(entry.topic, messages ? { topic: entry.topic, messages } : entry)
    }
    return [...merged.values()]
  } catch (error) {
    reportFailure('reading what is sent', error)
    return []
  }
}

function isTraceable(entry: TopicMessages | null | undefined): boolean {
  return (
    typeof entry === 'object' &&
    entry !== null &&
    typeof entry.topic === 'string' &&
    entry.topic !== '' &&
    Array.isArray(entry.messages)
  )
}

/**
 * Sends within the first span, and ends all of them with the outcome.
 * @param metadataIn reads from the response where the records were written
 */
export function runSending<Answer>(
  { first, all }: Sending,
  send: () => Promise<Answer>,
  metadataIn: (answer: Answer) => unknown = answer => answer,
): Promise<Answer> {
  const { workContext } = first
  return runToEnd(first.operation, () => contextApi.with(workContext, send), {
    succeeded(answer) {
      endSending(all, undefined, attempt('reading the results of a send', metadataIn, answer as Answer))
    },
    failed(error) {
      endSending(all, { error })
    },
  })
}

/** Ends the spans of a send with the error or the brokers' response. */
export function endSending(
  topics: readonly TopicSend[],
  failure: { readonly error: unknown } | undefined,
  results?: unknown,
): void {
  for (const topic of topics) {
    if (failure) topic.failed(failure.error)
    else topic.succeeded(results)
  }
}
