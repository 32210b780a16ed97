import type { Attributes } from '@opentelemetry/api'

import {
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
} from '../semconv/attributes.ts'

/** The other end of the connection a request went over. */
export interface Peer {
  readonly address: string | undefined
  readonly port: number | undefined
  /** Version of HTTP, such as `1.1` or `2`. */
  readonly version: string | undefined
}

/** Writes the attributes of a peer. */
export function writePeer(attributes: Attributes, { address, port, version }: Peer): void {
  if (version !== undefined) attributes[ATTR_NETWORK_PROTOCOL_VERSION] = version
  if (address === undefined) return
  attributes[ATTR_NETWORK_PEER_ADDRESS] = address
  if (port !== undefined) attributes[ATTR_NETWORK_PEER_PORT] = port
}
