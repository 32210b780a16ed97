import { SENSITIVE_QUERY_KEYS } from '../semconv/http.ts'

const REDACTED = 'REDACTED'

/** Query keys that hold secrets, in addition to those of the semantic conventions. */
const COMMON_SECRETS: readonly string[] = [
  'access_token',
  'accesstoken',
  'api-key',
  'api_key',
  'apikey',
  'auth',
  'auth_token',
  'authorization',
  'client_assertion',
  'client_secret',
  'credentials',
  'id_token',
  'id_token_hint',
  'jwt',
  'passphrase',
  'passwd',
  'password',
  'private_key',
  'pwd',
  'refresh_token',
  'refreshtoken',
  'samlresponse',
  'secret',
  'session_id',
  'session_token',
  'sessionid',
  'signature',
  'token',
]

/**
 * The query keys whose values are redacted, case-insensitively.
 * @param replacement the value of the option `sensitiveQueryKeys`, which replaces the default list
 */
export function sensitiveQueryKeys(replacement?: readonly string[]): ReadonlySet<string> {
  const keys = replacement ?? [...SENSITIVE_QUERY_KEYS, ...COMMON_SECRETS]
  return new Set(keys.map(key => key.toLowerCase()))
}

/** A query with the values of sensitive keys replaced by `REDACTED`; everything else is unchanged. */
export function redactQuery(query: string, sensitive: ReadonlySet<string>): string {
  let redacted = ''
  let copied = 0
  let equals = query.indexOf('=')
  for (let start = 0; start <= query.length;) {
    const next = query.indexOf('&', start)
    const end = next < 0 ? query.length : next
    // Searched only once: an equals sign beyond this key belongs to a later key.
    if (equals >= 0 && equals < start) equals = query.indexOf('=', start)
    if (equals >= 0 && equals < end - 1 && isSensitive(query.slice(start, equals), sensitive)) {
      redacted += query.slice(copied, equals + 1) + REDACTED
      copied = end
    }
    start = end + 1
  }
  return copied === 0 ? query : redacted + query.slice(copied)
}

function isSensitive(key: string, sensitive: ReadonlySet<string>): boolean {
  return sensitive.has((key.includes('%') ? decode(key) : key).toLowerCase())
}

function decode(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

/** An absolute URL without its credentials and with the values of sensitive query keys replaced. */
export function redactUrl(url: string, sensitive: ReadonlySet<string>): string {
  const withoutCredentials = redactCredentials(url)
  const query = withoutCredentials.indexOf('?')
  if (query < 0) return withoutCredentials
  const hash = withoutCredentials.indexOf('#', query)
  const end = hash < 0 ? withoutCredentials.length : hash
  const redacted = redactQuery(withoutCredentials.slice(query + 1, end), sensitive)
  return withoutCredentials.slice(0, query + 1) + redacted + withoutCredentials.slice(end)
}

const AUTHORITY = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)@/i

function redactCredentials(url: string): string {
  if (!url.includes('@')) return url
  const credentials = AUTHORITY.exec(url)?.[1]
  if (credentials === undefined) return url
  const start = url.indexOf('://') + 3
  const hidden = credentials.includes(':') ? `${REDACTED}:${REDACTED}` : REDACTED
  return url.slice(0, start) + hidden + url.slice(start + credentials.length)
}

/** Path and query of a request target, unchanged; origin-form, absolute-form or `*`. */
export interface Target {
  readonly path: string
  /** Without the question mark; undefined when there is none. */
  readonly query: string | undefined
}

/** Splits a request target without decoding it (RFC 9112, section 3.2). */
export function splitTarget(target: string): Target {
  const start = target.startsWith('/') ? 0 : pathStart(target)
  const question = target.indexOf('?', start)
  const path = target.slice(start, question < 0 ? undefined : question)
  return { path: path || '/', query: question < 0 ? undefined : target.slice(question + 1) }
}

/** Index of the path in a target that does not start with it. */
function pathStart(target: string): number {
  const authority = target.indexOf('://')
  const question = target.indexOf('?')
  if (authority < 0 || (question >= 0 && question < authority)) return 0
  const slash = target.indexOf('/', authority + 3)
  if (slash >= 0 && (question < 0 || slash < question)) return slash
  return question < 0 ? target.length : question
}

/** Host and port of a `Host` header or an authority. */
export interface HostAndPort {
  readonly host: string
  readonly port: number | undefined
}

const DIGITS = /^\d+$/

/** Splits `example.com:8080` or `[::1]:8080`; undefined when it contains no host. */
export function splitHost(authority: string): HostAndPort | undefined {
  const isLiteral = authority.startsWith('[')
  const closing = isLiteral ? authority.indexOf(']') : 0
  const colon = authority.indexOf(':', Math.max(closing, 0))
  const name = colon < 0 ? authority : authority.slice(0, colon)
  if (isLiteral && name.length !== closing + 1) return undefined
  const host = isLiteral ? name.slice(1, -1) : name
  if (host === '') return undefined
  const digits = colon < 0 ? '' : authority.slice(colon + 1)
  const port = DIGITS.test(digits) ? Number(digits) : NaN
  return {
    host,
    port: port > 0 && port < 65_536 ? port : undefined,
  }
}
