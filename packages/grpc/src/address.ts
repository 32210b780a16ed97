import type { Attributes } from '@opentelemetry/api'
import { splitHost } from '@spanwright/core/plugin'

/** An address as span attributes. */
export interface Address {
  readonly address: string
  readonly port: number | undefined
}

/** With an authority, as in `dns://8.8.8.8/shop.test:50051`, or without one. */
const DNS = /^dns:(?:\/\/[^/]*\/)?(.+)$/
const UNIX_SOCKET = /^unix:(?:\/\/)?(.+)$/
const HOST_AND_PORT = /^[^:/]+:\d+$/

/**
 * The server that a target names (https://grpc.github.io/grpc/core/md_doc_naming.html). A target of another scheme, or
 * a list of addresses, is an address as a whole.
 */
export function addressOfTarget(target: string): Address | undefined {
  const name = DNS.exec(target)?.[1] ?? (HOST_AND_PORT.test(target) ? target : undefined)
  if (name !== undefined) return addressOfAuthority(name)
  return known(UNIX_SOCKET.exec(target)?.[1] ?? target)
}

/** The address in an `:authority`, which puts IPv6 into brackets. */
export function addressOfAuthority(authority: string): Address | undefined {
  const split = splitHost(authority)
  return split && { address: split.host, port: split.port }
}

/** The peer that a call names: `127.0.0.1:50051`, an IPv6 address with or without brackets, or the path of a socket. */
export function addressOfPeer(peer: string): Address | undefined {
  if (peer.startsWith('[')) return addressOfAuthority(peer)
  const colon = peer.lastIndexOf(':')
  const port = Number(peer.slice(colon + 1))
  if (colon < 0 || peer.includes('/') || !Number.isInteger(port)) return known(peer)
  return { address: peer.slice(0, colon), port }
}

/** grpc-js reports `unknown` when it doesn't know the address. */
function known(address: string): Address | undefined {
  return address === '' || address === 'unknown' ? undefined : { address, port: undefined }
}

/** Parses addresses, and caches the last one: most are equal to the one before. */
export class AddressReader {
  private readonly read: (text: string) => Address | undefined
  private text: string | undefined
  private address: Address | undefined

  constructor(read: (text: string) => Address | undefined) {
    this.read = read
  }

  addressIn(text: unknown): Address | undefined {
    if (typeof text !== 'string') return undefined
    if (text !== this.text) {
      this.address = this.read(text)
      this.text = text
    }
    return this.address
  }
}

/** Writes an address under two keys. */
export function writeAddress(
  attributes: Attributes,
  { address, port }: Address,
  addressKey: string,
  portKey: string,
): void {
  attributes[addressKey] = address
  if (port !== undefined) attributes[portKey] = port
}
