/**
 * Headers of a request that is about to be sent, in any form an HTTP client accepts: an object, a flat array of names
 * and values, an array of pairs, `Headers`, another iterable, or nothing. The caller's headers are never written to.
 */
export type RequestHeaders = unknown

type Pair = readonly [unknown, unknown]

/** The same headers in a form that can be read more than once: an iterable is read here, as the client would. */
export function settleHeaders(headers: RequestHeaders): RequestHeaders {
  if (!isIterable(headers)) return headers
  const entries: unknown[] = []
  try {
    for (const entry of headers) entries.push(entry)
  } catch (error) {
    // The client must see the same failure at the same position.
    return replay(entries, { error })
  }
  return entries.every(isPair) ? entries.flat() : replay(entries)
}

/** The value of one header, matched case-insensitively; undefined when absent. */
export function headerOf(headers: RequestHeaders, lowerCaseName: string): unknown {
  let found: unknown
  if (Array.isArray(headers)) {
    const pairs = isListOfPairs(headers)
    for (let i = 0; i < headers.length && found === undefined; i += pairs ? 1 : 2) {
      const name: unknown = pairs ? (headers[i] as Pair)[0] : headers[i]
      if (isNamed(name, lowerCaseName)) found = pairs ? (headers[i] as Pair)[1] : headers[i + 1]
    }
  } else if (isPlain(headers)) {
    for (const name in headers) {
      if (isNamed(name, lowerCaseName) && isSet(headers, name)) found = headers[name]
    }
  }
  return found
}

const NO_NAMES: readonly string[] = []

/** The given names that the headers contain. */
export function namesIn(headers: RequestHeaders, lowerCaseNames: readonly string[]): readonly string[] {
  if (headers === undefined || headers === null) return NO_NAMES
  return lowerCaseNames.filter(name => headerOf(headers, name) !== undefined)
}

function isSet(headers: Record<string, unknown>, name: string): boolean {
  return Object.hasOwn(headers, name) && headers[name] !== undefined
}

/** A copy of the headers in the same form, with others appended; the headers themselves when they are unusable. */
export function withHeaders(headers: RequestHeaders, added: readonly string[]): RequestHeaders {
  if (added.length === 0) return headers
  if (headers === undefined || headers === null) return [...added]
  if (Array.isArray(headers)) {
    if (isListOfPairs(headers)) return [...(headers as Pair[]), ...pairsOf(added)]
    return headers.length % 2 === 0 ? [...(headers as unknown[]), ...added] : headers
  }
  if (!isPlain(headers)) return headers
  const copy: Record<string, unknown> = { ...headers }
  for (let i = 0; i + 1 < added.length; i += 2) copy[added[i] ?? ''] = added[i + 1]
  return copy
}

/** A copy of the headers in the same form, without the given names. */
export function withoutHeaders(headers: RequestHeaders, lowerCaseNames: readonly string[]): RequestHeaders {
  const isKept = (name: unknown): boolean => !lowerCaseNames.some(other => isNamed(name, other))
  if (Array.isArray(headers)) {
    if (isListOfPairs(headers)) return (headers as Pair[]).filter(([name]) => isKept(name))
    return headers.filter((_, i) => isKept(headers[i - (i % 2)]))
  }
  if (!isPlain(headers)) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isKept(name)))
}

/** Names of a flat list that are not among the declared ones; in lower case. */
export function undeclaredIn(flat: readonly string[], declared: readonly string[]): readonly string[] {
  let found = NO_NAMES
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] ?? ''
    if (!declared.includes(name)) found = [...found, name.toLowerCase()]
  }
  return found
}

/** A flat list of names and values without the given names. */
export function withoutFields(flat: readonly string[], lowerCaseNames: readonly string[]): readonly string[] {
  if (lowerCaseNames.length === 0) return flat
  return flat.filter((_, i) => !lowerCaseNames.includes(flat[i - (i % 2)]?.toLowerCase() ?? ''))
}

/** The headers as a plain object with lower-case names, for hooks. */
export function headersRecord(headers: RequestHeaders): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {}
  for (const [name, value] of entriesOf(headers)) {
    if (value === undefined) continue
    const key = String(name).toLowerCase()
    const values = (Array.isArray(value) ? value : [value]).map(String)
    const all = [...(Object.hasOwn(record, key) ? [record[key] ?? []].flat() : []), ...values]
    record[key] = all.length === 1 ? (all[0] ?? '') : all
  }
  return record
}

function entriesOf(headers: RequestHeaders): Pair[] {
  if (Array.isArray(headers)) return isListOfPairs(headers) ? (headers as Pair[]) : pairsOf(headers)
  return isPlain(headers) ? Object.entries(headers) : []
}

function pairsOf<T>(flat: readonly T[]): [T, T][] {
  const pairs: [T, T][] = []
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i] as T, flat[i + 1] as T])
  return pairs
}

function isNamed(name: unknown, lowerCaseName: string): boolean {
  const text = typeof name === 'string' ? name : String(name)
  return text.length === lowerCaseName.length && text.toLowerCase() === lowerCaseName
}

function isPair(entry: unknown): entry is Pair {
  return Array.isArray(entry) && entry.length === 2
}

function isListOfPairs(headers: readonly unknown[]): boolean {
  return isPair(headers[0])
}

function isPlain(headers: RequestHeaders): headers is Record<string, unknown> {
  return typeof headers === 'object' && headers !== null && !isIterable(headers)
}

/** An iterable as the clients define it: `Object.prototype` does not count, and arrays are handled separately. */
function isIterable(headers: RequestHeaders): headers is Iterable<unknown> {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return false
  const prototype: unknown = Object.getPrototypeOf(headers)
  if (!Object.hasOwn(headers, Symbol.iterator) && (prototype === null || prototype === Object.prototype)) {
    return false
  }
  return typeof (headers as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function'
}

function replay(entries: readonly unknown[], failed?: { readonly error: unknown }): Iterable<unknown> {
  return {
    *[Symbol.iterator]() {
      yield* entries
      if (failed) throw failed.error
    },
  }
}
