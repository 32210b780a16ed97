import type { Groups } from '../groups/groups.ts'
import type { Leaders } from '../leaders.ts'
import type { Topics } from '../log/topics.ts'
import type { Transactions } from '../transactions.ts'
import type { Reader } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'

/** The id of the first node, which coordinates all groups and transactions. */
export const firstNode = 1

/** The state of the broker. */
export interface BrokerState {
  readonly host: string
  /** Ports of the nodes, beginning with the first. */
  readonly ports: readonly number[]
  readonly leaders: Leaders
  readonly topics: Topics
  readonly groups: Groups
  readonly transactions: Transactions
}

/** The client of a connection. */
interface Client {
  readonly clientId: string
  readonly host: string
  /** The node it is connected to. */
  readonly nodeId: number
  /** Aborted when the connection is closed. */
  readonly gone: AbortSignal
}

/** One request of the protocol in the supported version. */
export interface Api {
  readonly key: number
  readonly version: number
  /** Decodes and handles the request; no response for a producer that requests none. */
  readonly handle: (
    request: Reader,
    state: BrokerState,
    client: Client,
  ) => Writer | undefined | Promise<Writer | undefined>
}
