import { subscribe } from 'node:diagnostics_channel'

import { type ClientRequest, guarded } from '@spanwright/core/plugin'
import { ATTR_HTTP_REQUEST_RESEND_COUNT } from '@spanwright/core/semconv'

import { isSameUrl } from './resends.ts'

/** A message of got's channels, from its version 14: which call it is of, and which request is sent. */
interface Message {
  readonly requestId: string
  readonly url: string
  readonly method: string
}

interface Created {
  readonly method: string
  readonly url: string
  readonly request: ClientRequest
}

/** How many calls that send more than one request are remembered. */
const REMEMBERED_CALLS = 256

/** How many requests were sent for a call before, by its id; most calls send one, and are not here. */
const resends = new Map<string, number>()

/** Ids of the calls that are about to send a request again. */
const due = new Set<string>()

/** How many requests may start before those that are due are given up: got 14 retries under another id. */
const LONGEST_WAIT = 100
let waited = 0

/** Requests of this turn of the event loop that may be those of got. */
let created: Created[] = []

/** A request is about to be sent. Got says of which call it is a little later, in the same turn of the event loop. */
export function noteCreated(method: string, url: string, request: ClientRequest): void {
  if (due.size === 0) return
  if (created.length === 0) setImmediate(() => (created = []))
  created.push({ method, url, request })
}

const noteResend = guarded('reading a message of got', (message: unknown) => {
  const { requestId } = message as Message
  due.add(requestId)
  const count = (resends.get(requestId) ?? 0) + 1
  resends.delete(requestId)
  resends.set(requestId, count)
  for (const [oldest] of resends) {
    if (resends.size <= REMEMBERED_CALLS) break
    resends.delete(oldest)
    due.delete(oldest)
  }
})

const noteStart = guarded('reading a message of got', (message: unknown) => {
  if (due.size === 0) return
  const { requestId, method, url } = message as Message
  const same = created.filter(other => other.method === method && isSameUrl(other.url, url))
  const isDue = due.delete(requestId)
  waited = isDue ? 0 : waited + 1
  if (waited > LONGEST_WAIT) due.clear()
  const [found] = same
  // Of several that look the same, none is known to be that of the call.
  if (!found || same.length > 1) return
  created = created.filter(other => other !== found)
  const count = resends.get(requestId)
  if (isDue && count !== undefined) found.request.described({ [ATTR_HTTP_REQUEST_RESEND_COUNT]: count })
})

let isSubscribed = false

/** Follows, once for the process, which requests got sends again. */
export function followGot(): void {
  if (isSubscribed) return
  isSubscribed = true
  subscribe('got:request:retry', noteResend)
  subscribe('got:response:redirect', noteResend)
  subscribe('got:request:start', noteStart)
}
