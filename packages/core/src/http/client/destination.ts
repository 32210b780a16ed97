import type { Attributes } from '@opentelemetry/api'

import type { OutboundPolicy } from './policy.ts'
import { ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT } from '../../semconv/attributes.ts'
import { ATTR_URL_FULL } from '../../semconv/http.ts'
import { redactUrl } from '../url.ts'

/** What is known of an origin, computed once. */
interface Origin {
  /** The part of `url.full` before the path. */
  readonly prefix: string
  readonly address: string
  readonly port: number
  /** `:8080`; empty for the default port of the scheme. */
  readonly portSuffix: string
  readonly isAddress: boolean
  /** Undefined when it depends on the whole URL. */
  readonly allowed: boolean | undefined
}

const REMEMBERED_ORIGINS = 256
const ABSOLUTE = /^https?:\/\//
const PORT = /:\d+$/
/** Only scheme, host and port, which are recorded as written. */
const PLAIN = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?\/?$/i
const IP_ADDRESS = /^(?:\[.*\]|\d{1,3}(?:\.\d{1,3}){3})$/

/** Resolves where requests go, as span attributes, and whether the context may be sent there. */
export class Destinations {
  private readonly policy: OutboundPolicy
  private readonly sensitiveKeys: ReadonlySet<string>
  private readonly origins = new Map<string, Origin>()

  constructor(policy: OutboundPolicy, sensitiveKeys: ReadonlySet<string>) {
    this.policy = policy
    this.sensitiveKeys = sensitiveKeys
  }

  /**
   * The destination of a request.
   * @param host value of a `Host` header; used when the origin contains only an IP address, as after a lookup by a DNS
   * interceptor. The one of undici 6 omits the port.
   * @returns undefined when origin and path don't form a valid URL
   */
  resolve(origin: string, path: string, host?: unknown): Destination | undefined {
    if (!path.startsWith('/') && ABSOLUTE.test(path)) return this.resolveAbsolute(path)
    const known = this.originOf(origin)
    if (!known) return undefined
    if (known.isAddress && typeof host === 'string' && host !== '') {
      const port = PORT.test(host) ? '' : known.portSuffix
      const named = this.originOf(`${origin.slice(0, origin.indexOf('://'))}://${host}${port}`)
      if (named) return this.destination(named, path)
    }
    return this.destination(known, path)
  }

  /** True when a `Host` header is more specific than the origin. */
  hidesName(origin: string): boolean {
    return this.originOf(origin)?.isAddress === true
  }

  /** A request target in absolute form, as sent to proxies (RFC 9112, section 3.2.2). */
  private resolveAbsolute(target: string): Destination | undefined {
    const end = target.slice(8).search(/[/?#]/)
    const origin = end < 0 ? target : target.slice(0, end + 8)
    const known = this.originOf(origin)
    return known && this.destination(known, target.slice(origin.length))
  }

  private destination({ prefix, address, port, allowed }: Origin, path: string): Destination {
    const url = prefix + path
    return { url, address, port, allowed: allowed ?? (URL.canParse(url) && this.policy.allows(new URL(url))) }
  }

  /** Writes the attributes of a destination. */
  describe(attributes: Attributes, { address, port, url }: Destination): void {
    attributes[ATTR_SERVER_ADDRESS] = address
    attributes[ATTR_SERVER_PORT] = port
    attributes[ATTR_URL_FULL] = redactUrl(url, this.sensitiveKeys)
  }

  private originOf(text: string): Origin | undefined {
    const known = this.origins.get(text)
    if (known) return known
    const parsed = this.parse(text)
    if (!parsed) return undefined
    if (this.origins.size >= REMEMBERED_ORIGINS) this.origins.clear()
    this.origins.set(text, parsed)
    return parsed
  }

  private parse(text: string): Origin | undefined {
    if (!URL.canParse(text)) return undefined
    const url = new URL(text)
    const { protocol, hostname } = url
    if ((protocol !== 'http:' && protocol !== 'https:') || hostname === '') return undefined
    return {
      prefix: PLAIN.test(text) ? text.replace(/\/$/, '') : `${protocol}//${credentialsOf(url)}${url.host}`,
      address: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
      port: url.port ? Number(url.port) : protocol === 'https:' ? 443 : 80,
      portSuffix: url.port ? `:${url.port}` : '',
      isAddress: IP_ADDRESS.test(hostname),
      allowed: this.policy.dependsOnOriginOnly ? this.policy.allows(url) : undefined,
    }
  }
}

/** Credentials as recorded. They are read from the parsed URL, since a URL can be written in many ways. */
function credentialsOf({ username, password }: URL): string {
  if (username === '' && password === '') return ''
  return password === '' ? 'REDACTED@' : 'REDACTED:REDACTED@'
}

/** Where one request goes. */
export interface Destination {
  /** Absolute, and not redacted. */
  readonly url: string
  readonly address: string
  readonly port: number
  /** Whether the context may be sent there. */
  readonly allowed: boolean
}
