import { channel } from 'node:diagnostics_channel'

import { headerOf } from '@spanwright/core/plugin'

import { subscriberOf } from './subscriber.ts'
import type { UndiciRequest } from '../undici-types.ts'

// Other instrumentations add their context to a request when undici creates it, even when it already has one. A receiver
// ignores a `traceparent` that comes twice, so the first one is kept: it was set nearer to the caller.

const NAME = 'undici:request:create'
const CREATED = channel(NAME)

/** Names of the fields in which contexts were sent. Baggage is a list, which receivers join. */
const fields = new Set<string>()
/** A propagator may put a key of baggage into a name, and baggage comes from outside. */
const MANY = 32
let isWatching = false

/** A request is about to be sent with these fields: watches for a second context if anything else reads the channel. */
export function expectOneContext(injected: readonly string[]): void {
  if (!CREATED.hasSubscribers || injected.length === 0) return
  noteFields(injected)
  if (isWatching) return
  isWatching = true
  CREATED.subscribe(subscriberOf(NAME, removeSecond))
}

/** Fields were added to a request that undici has created: refuses a second context. */
export function refuseSecondContext(created: UndiciRequest, injected: readonly string[]): void {
  noteFields(injected)
  if (created.addHeader && !Object.hasOwn(created, 'addHeader')) created.addHeader = addUnlessSecond
}

function noteFields(injected: readonly string[]): void {
  for (let i = 0; i < injected.length; i += 2) {
    const given = injected[i] ?? ''
    // Propagators use lower case, so most requests add nothing.
    if (fields.has(given)) continue
    const name = given.toLowerCase()
    if (name !== 'baggage' && fields.size < MANY) fields.add(name)
  }
}

function removeSecond({ request }: { readonly request: UndiciRequest }): void {
  const list: unknown = request.headers
  if (!Array.isArray(list)) return
  const kept: unknown[] = []
  let hasContext = false
  for (let i = 0; i + 1 < list.length; i += 2) {
    const name = String(list[i]).toLowerCase()
    if (isSecond(request, kept, name)) continue
    hasContext ||= fields.has(name)
    kept.push(list[i], list[i + 1])
  }
  if (kept.length < list.length) list.splice(0, list.length, ...kept)
  if (hasContext) refuseSecondContext(request, [])
}

function addUnlessSecond(this: UndiciRequest, name: string, value: string): unknown {
  if (isSecond(this, this.headers, name.toLowerCase())) return this
  return (Object.getPrototypeOf(this) as UndiciRequest).addHeader?.call(this, name, value)
}

/** Requests with a second `traceparent`, whose `tracestate` belongs to it. */
const refused = new WeakSet<UndiciRequest>()

function isSecond(request: UndiciRequest, headers: unknown, name: string): boolean {
  if (name === 'tracestate' && refused.has(request)) return true
  if (!fields.has(name) || headerOf(headers, name) === undefined) return false
  if (name === 'traceparent') refused.add(request)
  return true
}
