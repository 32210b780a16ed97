import { headerOf } from '@spanwright/core/plugin'

import type { UndiciRequest } from './undici-types.ts'

/**
 * Key in the request options passed on: the request is already traced by an entry point nearer to the caller. A
 * registered symbol, so that two copies of this package see each other's marks.
 */
export const TRACED: unique symbol = Symbol.for('spanwright.undici.traced')

/**
 * Key in undici's request options for the tracing options of one call: `{ propagate, attributes, name, ignore,
 * urlTemplate }`.
 */
export const perCall: unique symbol = Symbol.for('spanwright.undici.perCall')

/** A request that is already traced by an interceptor or a wrapped fetch. */
interface Mark {
  /** A header unique to this request; undefined when there is none. */
  readonly header: readonly [name: string, value: string] | undefined
  readonly origin: string
  isSeen: boolean
}

const marks = new Map<string, Set<Mark>>()
let watchers = 0

/**
 * Starts remembering requests that are already traced, for {@link isMarked}.
 * @returns a function that stops this
 */
export function watchMarks(): () => void {
  watchers++
  return () => {
    if (--watchers === 0) marks.clear()
  }
}

/**
 * Marks a request as already traced, for watchers of all requests of the process.
 * @param injected headers that were written for it, as a flat list
 * @param origin its origin before a lookup by a DNS interceptor
 * @returns a function that removes the mark when the request has ended; undefined when there is no watcher
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

/** True when a request created by undici is already traced. */
export function isMarked({ method, path, headers, origin, host }: UndiciRequest): boolean {
  for (const mark of marks.get(`${method} ${path}`) ?? []) {
    // A header identifies the request, and is kept when an interceptor resends it. Without one, a mark covers one
    // request.
    const isSame = mark.header
      ? headerOf(headers, mark.header[0]) === mark.header[1]
      : !mark.isSeen && leadsTo(mark.origin, String(origin), host)
    if (!isSame) continue
    mark.isSeen = true
    return true
  }
  return false
}

/** A DNS interceptor keeps the host name in the header. */
function leadsTo(markedOrigin: string, origin: string, host: unknown): boolean {
  return markedOrigin === origin || markedOrigin.slice(markedOrigin.indexOf('://') + 3) === host
}
