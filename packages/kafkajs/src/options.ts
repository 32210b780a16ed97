import {
  aBoolean,
  aFunction,
  anyOf,
  oneOf,
  type OptionRules,
  type TracingOptions,
} from '@spanwright/core/plugin'

import type { IncomingMessage, OutgoingMessage } from './library.ts'

/** A send, a message or a batch as passed to hooks. */
export interface KafkaOperation<Message = IncomingMessage | OutgoingMessage> {
  readonly topic: string
  /** The message being processed, or the only message of a send. */
  readonly message?: Message
  /** The messages of a send or of a batch. */
  readonly messages?: readonly Message[]
  /** Partition the messages come from. */
  readonly partition?: number
  /** Consumer group. */
  readonly groupId?: string
}

/** The parent of a processed message's span: the context the message carries, or none, in a new trace. */
export type ParentPolicy = 'message' | 'link'

/** Options of {@link traceKafka}. */
export interface KafkaOptions<Message = IncomingMessage | OutgoingMessage> extends TracingOptions<
  KafkaOperation<Message>
> {
  /**
   * Parent of the span of one processed message: `'message'` is the context the message carries, `'link'` starts a new
   * trace with a link to it. A function chooses per message. The span has the link either way. Default: `'message'`.
   */
  readonly parent?: ParentPolicy | ((operation: KafkaOperation<Message>) => ParentPolicy) | undefined
  /** Whether the context is written into the messages; false for brokers without headers. Default: true. */
  readonly inject?: boolean | undefined
  /**
   * Whether to keep or replace a trace context that a message already carries when it is sent. The span links to it
   * either way. The context of the message being processed is always replaced, because sending it is a forward.
   * Default: `'keep'`.
   */
  readonly existingContext?: 'keep' | 'replace' | undefined
  /** Whether every message gets its own `create` span, which the send span links to. Default: false. */
  readonly messageSpans?: boolean | undefined
  /** Whether to record message keys that are text. Default: false. */
  readonly recordKey?: boolean | undefined
  /** Whether to record the size of message values, in bytes. Default: false. */
  readonly recordBodySize?: boolean | undefined
  /** Whether offset commits get a span, including automatic commits and those of a transaction. Default: false. */
  readonly commitSpans?: boolean | undefined
  /**
   * Whether to report when a consumer joins its group, rebalances, or leaves: as an event on the active span, or to
   * `diag` when none is active. Default: false.
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
