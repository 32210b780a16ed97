import { headerOf } from '@spanwright/core/plugin'

import type { UndiciRequest } from './undici-types.ts'

/**
 * Stands in the request options that are passed on: somebody nearer to the caller traces the request already.
 * Registered, so that two copies of this package see each other's marks.
 */
export const TRACED: unique symbol = Symbol.for('spanwright.undici.traced')

/**
 * In undici's request options, what one call says for itself: `{ propagate, attributes, name, ignore, urlTemplate }`.
 */
export const perCall: unique symbol = Symbol.for('spanwright.undici.perCall')

/** A request that is traced already, by an interceptor or a wrapped fetch. */
interface Mark {
  /** A header that was written for it alone; undefined when none was. */
  readonly header: readonly [name: string, value: string] | undefined
  readonly origin: string
  isSeen: boolean
}

const marks = new Map<string, Set<Mark>>()
let watchers = 0

/**
 * From now on, requests that are traced already are remembered, so that {@link isMarked} can tell.
 * @returns takes that back
 */
export function watchMarks(): () => void {
  watchers++
  return () => {
    if (--watchers === 0) marks.clear()
  }
}

/**
 * Marks a request as traced already, for those who watch all requests of the process.
 * @param injected headers that were written for it, as a flat list
 * @param origin where it goes, before a lookup by an interceptor
 * @returns what takes the mark away when the request is over; undefined when nobody watches
 */
export function markRequest(
  method: string,
  path: string,
  injected: readonly string[],
  origin: string,
): (() => void) | undefined {
  if (watchers === 0) return undefined
  const [name, value] = injected
  const mark: Mark = {
    header: name === undefined || value === undefined ? undefined : [name, value],
    origin,
    isSeen: false,
  }
  const key = `${method} ${path}`
  const others = marks.get(key) ?? new Set()
  marks.set(key, others.add(mark))
  return () => {
    others.delete(mark)
    if (others.size === 0 && marks.get(key) === others) marks.delete(key)
  }
}

/** True when a request that undici has made is one that is traced already. */
export function isMarked({ method, path, headers, origin, host }: UndiciRequest): boolean {
  for (const mark of marks.get(`${method} ${path}`) ?? []) {
    // A header tells exactly, and stays on what an interceptor sends again. Without one, a mark is one request.
    const isSame = mark.header
      ? headerOf(headers, mark.header[0]) === mark.header[1]
      : !mark.isSeen && leadsTo(mark.origin, String(origin), host)
    if (!isSame) continue
    mark.isSeen = true
    return true
  }
  return false
}

/** A lookup by an interceptor leaves the name of the host in the header. */
function leadsTo(markedOrigin: string, origin: string, host: unknown): boolean {
  return markedOrigin === origin || markedOrigin.slice(markedOrigin.indexOf('://') + 3) === host
}
