import { type OptionRules, type TracingOptions } from '@spanwright/core'

import type { IncomingMessage, OutgoingMessage } from './library.ts'

/** What hooks are shown of a send, of a message or of a batch. */
export interface KafkaOperation {
  readonly topic: string
  /** The message that is processed, or the only one that is sent. */
  readonly message?: IncomingMessage | OutgoingMessage
  /** The messages of a send or of a batch. */
  readonly messages?: readonly (IncomingMessage | OutgoingMessage)[]
  /** Partition the messages come from. */
  readonly partition?: number
  /** Consumer group. */
  readonly groupId?: string
}

/** Options of {@link traceKafka}. */
export interface KafkaOptions extends TracingOptions<KafkaOperation> {}

export const KAFKA_RULES: OptionRules = {}
