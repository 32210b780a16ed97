import type { BrokerAddress } from '../cluster.ts'

// The part of @platformatic/kafka used here. Structural types: nothing is imported from it.

/** A message as passed to a producer, before its parts are serialized. */
export interface PlatformaticOutgoingMessage {
  readonly topic: string
  readonly key?: unknown
  readonly value: unknown
  readonly headers?: ReadonlyMap<unknown, unknown> | Readonly<Record<string, unknown>>
  readonly partition?: number
}

/** A message as delivered by a consumer stream. */
export interface PlatformaticIncomingMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: bigint
  readonly key: unknown
  readonly value: unknown
  readonly headers: ReadonlyMap<unknown, unknown>
}

/** A message as passed to hooks. */
export type PlatformaticMessage = PlatformaticIncomingMessage | PlatformaticOutgoingMessage

export interface SendOptions {
  readonly messages?: readonly PlatformaticOutgoingMessage[]
}

/** The brokers' response to a send. */
export interface SendResult {
  readonly offsets?: readonly {
    readonly topic: string
    readonly partition: number
    readonly offset: bigint
  }[]
}

export type Callback<Answer> = (error: unknown, answer?: Answer) => void

/** The library's cluster metadata, which it changes in place. */
export interface Metadata {
  readonly id?: string | null
  readonly brokers: ReadonlyMap<number, BrokerAddress>
  readonly topics: ReadonlyMap<
    string,
    { readonly id?: string; readonly partitions: readonly { readonly leader: number }[] }
  >
}

interface Client {
  readonly clientId?: string
  readonly closed?: boolean
  readonly currentMetadata?: Metadata | undefined
}

export interface Producer extends Client {
  send(options: SendOptions, callback?: Callback<SendResult>): Promise<SendResult> | undefined
  close(...args: never[]): unknown
}

/** A stream of messages to send: a Writable. */
export interface ProducerStream {
  write(...args: never[]): unknown
  end(...args: never[]): unknown
}

export interface Consumer extends Client {
  readonly groupId?: string
  readonly coordinatorId?: number | null
  readonly assignments?: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | null
  consume(...args: never[]): unknown
  on(event: string, listener: () => void): unknown
}

/** A stream of the messages of a consumer: a Readable. */
export interface MessagesStream {
  readonly consumer: Consumer
  emit(event: string, ...args: unknown[]): boolean
  read(size?: number): unknown
  rawListeners(event: string): ((...args: unknown[]) => unknown)[]
  listenerCount(event: string): number
}

/** A record as received from the broker. */
export interface RawRecord {
  readonly key?: Buffer | null
  readonly value?: Buffer | null
  readonly headers: readonly (readonly [Buffer | null, Buffer | null])[]
}

/** A commit of offsets. */
export interface CommitOptions {
  readonly offsets?: readonly {
    readonly topic: string
    readonly partition: number
    readonly offset: bigint
  }[]
}

/** A broker's response to a fetch. Topics are identified by id, or by name when the broker has no ids. */
export interface FetchResult {
  readonly responses?: readonly {
    readonly topicId: string
    readonly partitions: readonly { readonly partitionIndex: number; readonly highWatermark: bigint }[]
  }[]
}
