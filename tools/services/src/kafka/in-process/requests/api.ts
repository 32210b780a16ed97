import type { Groups } from '../groups/groups.ts'
import type { Leaders } from '../leaders.ts'
import type { Topics } from '../log/topics.ts'
import type { Transactions } from '../transactions.ts'
import type { Reader } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'

/** The id of the first node, which coordinates all groups and transactions. */
export const firstNode = 1

/** Everything the broker knows. */
export interface BrokerState {
  readonly host: string
  /** Ports of the nodes, from the first on. */
  readonly ports: readonly number[]
  readonly leaders: Leaders
  readonly topics: Topics
  readonly groups: Groups
  readonly transactions: Transactions
}

/** The other end of a connection. */
interface Client {
  readonly clientId: string
  readonly host: string
  /** The node it is connected to. */
  readonly nodeId: number
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal
}

/** One request of the protocol in the version that is spoken here. */
export interface Api {
  readonly key: number
  readonly version: number
  /** Decodes the request and does it; no answer for a producer that wants none. */
  readonly handle: (
    request: Reader,
    state: BrokerState,
    client: Client,
  ) => Writer | undefined | Promise<Writer | undefined>
}
