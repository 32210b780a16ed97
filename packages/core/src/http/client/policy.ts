import { callHook } from '../../host/guard.ts'
import { type OptionRule, show } from '../../host/options.ts'

/**
 * Where the context may be sent: everywhere, nowhere, to an array of hosts (`example.com`, `example.com:8080`), origins
 * (`https://example.com`) or regular expressions (tested against the origin), or as decided by a function of the URL.
 */
export type PropagateTo = boolean | readonly (string | RegExp)[] | ((url: URL) => boolean)

export const propagateToRule: OptionRule = {
  expected: 'true, false, an array of hosts, origins and regular expressions, or a function of the URL',
  accepts: value =>
    typeof value === 'boolean' ||
    typeof value === 'function' ||
    (Array.isArray(value) && value.every(item => typeof item === 'string' || isRegExp(item))),
}

/** Decides which hosts are sent the context. */
export class OutboundPolicy {
  private readonly rule: boolean | ((url: URL) => boolean) | undefined
  private readonly places: ReadonlySet<string>
  private readonly patterns: readonly RegExp[]

  /**
   * @param caller the function the user called, for the message
   * @throws TypeError when a string in the array is not a host, a host and port, or an origin
   */
  constructor(caller: string, propagateTo: PropagateTo = true) {
    const list = typeof propagateTo === 'object' ? propagateTo : []
    this.rule = typeof propagateTo === 'object' ? undefined : propagateTo
    this.places = new Set(
      list.filter(item => typeof item === 'string').map(place => normalize(caller, place)),
    )
    // A global or sticky expression would keep state in `lastIndex`.
    this.patterns = list
      .filter(item => typeof item !== 'string')
      .map(({ source, flags }) => new RegExp(source, flags.replaceAll(/[gy]/g, '')))
  }

  /** True when the answer is the same for every URL of an origin. */
  get dependsOnOriginOnly(): boolean {
    return typeof this.rule !== 'function'
  }

  /** True when the context may be sent to a URL; false when the function throws. */
  allows(url: URL): boolean {
    if (typeof this.rule === 'function') return callHook('propagateTo', this.rule, url) === true
    if (this.rule !== undefined) return this.rule
    const { origin, hostname, protocol } = url
    const port = url.port || (protocol === 'https:' ? '443' : '80')
    return (
      this.places.has(hostname) ||
      this.places.has(`${hostname}:${port}`) ||
      this.places.has(origin) ||
      this.patterns.some(pattern => pattern.test(origin))
    )
  }
}

function normalize(caller: string, place: string): string {
  const isOrigin = place.includes('://')
  const text = isOrigin ? place : `http://${place}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url?.hostname || url.pathname !== '/' || url.search || url.hash || url.username) {
    throw new TypeError(
      `${caller}: option propagateTo takes hosts, hosts with a port and origins; got ${show(place)}`,
    )
  }
  if (isOrigin) return url.origin
  const port = /:(\d+)$/.exec(place)?.[1]
  return port === undefined ? url.hostname : `${url.hostname}:${Number(port)}`
}

function isRegExp(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object RegExp]'
}
