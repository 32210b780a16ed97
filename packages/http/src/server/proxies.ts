import { callHook, type OptionRule, type RequestHead } from '@spanwright/core/plugin'

/**
 * Which proxies are trusted: all, none, the number of proxies in front of the server, or those accepted by a function.
 * The function receives the address, and how many proxies are nearer to the server; when it throws, the proxy isn't
 * trusted.
 */
export type TrustProxy = boolean | number | ((address: string, hop: number) => boolean)

export const trustProxyRule: OptionRule = {
  expected: 'true, false, the number of proxies before the server, or a function of an address',
  accepts: value =>
    typeof value === 'boolean' ||
    typeof value === 'function' ||
    (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0),
}

/** Client data forwarded by the proxies in front of a server, as far as they are trusted. */
export class Proxies {
  private readonly trust: TrustProxy

  constructor(trust: TrustProxy) {
    this.trust = trust
  }

  /** True when the peer of a connection is trusted. */
  believes(socket: RequestHead['socket']): boolean {
    const { trust } = this
    return trust !== false && this.trusts(socket?.remoteAddress ?? '', 0)
  }

  /** The nearest address that is not that of a trusted proxy. */
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

/** The value written by the proxy nearest to the client. */
export function firstOf(header: string | readonly string[] | undefined): string | undefined {
  const value = typeof header === 'string' ? header : header?.[0]
  return value?.split(',', 1)[0]?.trim()
}
