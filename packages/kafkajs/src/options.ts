import {
  aBoolean,
  aFunction,
  anyOf,
  oneOf,
  type OptionRules,
  type TracingOptions,
} from '@spanwright/core/plugin'

import type { IncomingMessage, OutgoingMessage } from './library.ts'

/** What hooks are shown of a send, of a message or of a batch. */
export interface KafkaOperation<Message = IncomingMessage | OutgoingMessage> {
  readonly topic: string
  /** The message that is processed, or the only one that is sent. */
  readonly message?: Message
  /** The messages of a send or of a batch. */
  readonly messages?: readonly Message[]
  /** Partition the messages come from. */
  readonly partition?: number
  /** Consumer group. */
  readonly groupId?: string
}

/** Where the span of a processed message belongs: beneath the context it carries, or into a trace of its own. */
export type ParentPolicy = 'message' | 'link'

/** Options of {@link traceKafka}. */
export interface KafkaOptions<Message = IncomingMessage | OutgoingMessage> extends TracingOptions<
  KafkaOperation<Message>
> {
  /**
   * Parent of the span of one processed message: `'message'` is the context the message carries, `'link'` makes a new
   * trace with a link to it. A function chooses for each message. The link is there either way. Default: `'message'`.
   */
  readonly parent?: ParentPolicy | ((operation: KafkaOperation<Message>) => ParentPolicy) | undefined
  /** Whether the context is written into the messages; false for brokers without headers. Default: true. */
  readonly inject?: boolean | undefined
  /**
   * What becomes of a trace context that a message already carries when it is sent. It is linked in either case, and
   * that of the very message being processed is always replaced: it is a forward. Default: `'keep'`.
   */
  readonly existingContext?: 'keep' | 'replace' | undefined
  /** Whether every message gets a `create` span of its own, which the span of the send links. Default: false. */
  readonly messageSpans?: boolean | undefined
  /** Whether the keys of messages are recorded, where they are text. Default: false. */
  readonly recordKey?: boolean | undefined
  /** Whether the size of a message's value is recorded, in bytes. Default: false. */
  readonly recordBodySize?: boolean | undefined
  /** Whether commits of offsets get a span, those kafkajs makes by itself and those of a transaction too. Default: false. */
  readonly commitSpans?: boolean | undefined
  /**
   * Whether it is told when a consumer joins its group, has to rebalance, or leaves: as an event on the active span, or
   * to `diag` where none is active. Default: false.
   */
  readonly rebalanceEvents?: boolean | undefined
}

export const KAFKA_RULES: OptionRules = {
  parent: anyOf(oneOf('message', 'link'), aFunction),
  inject: aBoolean,
  existingContext: oneOf('keep', 'replace'),
  messageSpans: aBoolean,
  recordKey: aBoolean,
  recordBodySize: aBoolean,
  commitSpans: aBoolean,
  rebalanceEvents: aBoolean,
}
