import { callHook, type OptionRule, type RequestHead } from '@spanwright/core/plugin'

/**
 * Which proxies are believed: all, none, so many as stand before the server, or those that a function of their address
 * says. The function is told the address, and how many proxies are nearer to the server; when it throws, that one is not
 * believed.
 */
export type TrustProxy = boolean | number | ((address: string, hop: number) => boolean)

export const trustProxyRule: OptionRule = {
  expected: 'true, false, the number of proxies before the server, or a function of an address',
  accepts: value =>
    typeof value === 'boolean' ||
    typeof value === 'function' ||
    (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0),
}

/** What the proxies before a server have told of its clients, as far as they are believed. */
export class Proxies {
  private readonly trust: TrustProxy

  constructor(trust: TrustProxy) {
    this.trust = trust
  }

  /** True when what is at the other end of a connection is believed. */
  believes(socket: RequestHead['socket']): boolean {
    const { trust } = this
    return trust !== false && this.trusts(socket?.remoteAddress ?? '', 0)
  }

  /** The first address on the way to the server that is not that of a proxy which is believed. */
  clientOf({ headers, socket }: RequestHead): string | undefined {
    const forwarded = headers['x-forwarded-for']
    const text = typeof forwarded === 'string' ? forwarded : (forwarded ?? []).join(',')
    const addresses = text
      .split(',')
      .map(address => address.trim())
      .filter(address => address !== '')
      .toReversed()
    const way = [socket?.remoteAddress ?? '', ...addresses]
    const client = way.find((address, hop) => hop === way.length - 1 || !this.trusts(address, hop))
    return client === '' ? undefined : client
  }

  private trusts(address: string, hop: number): boolean {
    const { trust } = this
    if (typeof trust === 'number') return hop < trust
    return typeof trust === 'boolean' ? trust : callHook('trustProxy', trust, address, hop) === true
  }
}

/** The value that the proxy nearest to the client has written. */
export function firstOf(header: string | readonly string[] | undefined): string | undefined {
  const value = typeof header === 'string' ? header : header?.[0]
  return value?.split(',', 1)[0]?.trim()
}
