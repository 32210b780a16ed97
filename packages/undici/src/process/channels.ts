import { channel } from 'node:diagnostics_channel'

import { attempt, type ClientRequest } from '@spanwright/core/plugin'

import { subscriberOf } from './subscriber.ts'
import { sentOver, type SentHeaders } from './connection.ts'
import { toldOf } from '../interceptor/caller.ts'
import type { Call } from '../call.ts'
import { addContext } from './origin.ts'
import { endRedirect, type Redirect, rememberRedirect } from '../interceptor/redirect.ts'
import { watchMarks } from '../request-mark.ts'
import { reasonOf, wasFetchCalledOff } from '../signal.ts'
import { lookUp, lookUpRaw } from '../response-headers.ts'
import type { RawHeaders, ResponseHeaders, UndiciRequest } from '../undici-types.ts'

const CREATED = 'undici:request:create'

/** Messages of the request channels; each channel publishes a part of it. */
interface Published {
  readonly request: UndiciRequest
  readonly response: { readonly statusCode: number; readonly headers: RawHeaders }
  readonly error: unknown
  readonly chunk: Uint8Array
}

interface Followed {
  readonly request: ClientRequest
  readonly url: string
  readonly call: Call
  socket: { readonly destroyed?: boolean } | undefined
  redirect: Redirect | undefined
}

/** Open requests. */
const followed = new WeakMap<UndiciRequest, Followed>()

/** Adds the context of a span to an undici request, and ends the span with it. */
export function follow(created: UndiciRequest, request: ClientRequest, url: string, call: Call): void {
  addContext(created, request)
  if (!request.isOpen) return
  request.whenOver(hold())
  followed.set(created, { request, url, call, socket: undefined, redirect: undefined })
  if (created.upgrade) followSwitch(created, request)
}

/** Many versions publish nothing when a connection is handed over; all call a method of their own request. */
function followSwitch(created: UndiciRequest, request: ClientRequest): void {
  for (const name of ['onUpgrade', 'onRequestUpgrade'] as const) {
    const original = created[name]
    if (typeof original !== 'function') continue
    created[name] = function (this: unknown, ...given) {
      const [statusCode, headers] = given
      if (typeof statusCode === 'number' && Array.isArray(headers))
        request.responded(statusCode, headers as RawHeaders, lookUpRaw)
      else if (typeof statusCode === 'number')
        request.responded(statusCode, headers as ResponseHeaders, lookUp)
      try {
        return Reflect.apply(original, this, given)
      } finally {
        request.succeeded()
      }
    }
  }
}

const FOLLOWERS: Readonly<Record<string, (followed: Followed, published: Published) => void>> = {
  'undici:client:sendHeaders': (entry, published) => {
    const sent = published as unknown as SentHeaders
    entry.socket = sent.socket ?? undefined
    sentOver(entry.request, sent)
    const { contentLength } = published.request
    if (typeof contentLength === 'number') entry.request.announcedBody(contentLength)
  },
  'undici:request:headers': (entry, { response: { statusCode, headers } }) => {
    if (statusCode < 200 && statusCode !== 101) return
    entry.request.responded(statusCode, headers, lookUpRaw)
    if (statusCode < 300 || statusCode >= 400) return
    const location = lookUpRaw(headers, 'location')
    entry.redirect = rememberRedirect(entry.url, location, entry.call.parent, entry.call.attempts)
  },
  'undici:request:bodyChunkSent': ({ request }, { chunk }) => request.sentBody(chunk.byteLength),
  'undici:request:bodyChunkReceived': ({ request }, { chunk }) => request.receivedBody(chunk.byteLength),
  'undici:request:trailers': ({ request, redirect }) => {
    request.succeeded()
    if (redirect) endRedirect(redirect)
  },
  'undici:request:error': (entry, { request: created, error }) => {
    const { request, call } = entry
    const reason = toldOf(created)?.reason
    const signal = reason ? { aborted: true, reason } : call.signal
    const isCalledOff = attempt('reading why a request failed', wasCalledOff, entry, created, error)
    request.failed(reasonOf(error, signal), isCalledOff === true)
  },
}

const followers = Object.entries(FOLLOWERS).map(([name, react]) => {
  const follower = (published: Published): void => {
    const entry = followed.get(published.request)
    if (entry) react(entry, published)
  }
  return [name, subscriberOf(name, follower)] as const
})

/** Number of watchers and open requests: requests are followed to their end even after the last watcher stops. */
let holders = 0

function hold(): () => void {
  if (holders++ === 0) for (const [name, follower] of followers) channel(name).subscribe(follower)
  return () => {
    if (--holders === 0) for (const [name, follower] of followers) channel(name).unsubscribe(follower)
  }
}

/**
 * Reports every request created by any copy of undici, including Node's own.
 * @returns a function that stops reporting; open requests are followed to their end
 */
export function watchRequests(created: (request: UndiciRequest) => void): () => void {
  const subscriber = subscriberOf(CREATED, ({ request }: Published) => created(request))
  const release = [hold(), watchMarks()]
  channel(CREATED).subscribe(subscriber)
  return () => {
    channel(CREATED).unsubscribe(subscriber)
    for (const give of release.splice(0)) give()
  }
}

/** Codes with which undici and HTTP/2 streams fail while their connection stays open. */
const OF_THE_CLIENT = /^(?:UND_ERR_|ERR_HTTP2_)/

/**
 * The channel does not report who ended a request. Errors of undici and of the system have a code; an abort reason can
 * be any value, and the connection is still open when it is published.
 */
function wasCalledOff({ socket, request, call }: Followed, created: UndiciRequest, error: unknown): boolean {
  if (call.isFetch && !wasFetchCalledOff(call.signal, request.hasResponse)) return false
  const told = toldOf(created)
  if (told && !told.res) return told.reason !== null
  if (typeof error !== 'object' || error === null) return true
  if ((created.body as { errored?: unknown } | null | undefined)?.errored === error) return false
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (name === 'AbortError' || code === 'UND_ERR_ABORTED' || typeof code !== 'string') return true
  return socket?.destroyed === false && !OF_THE_CLIENT.test(code)
}
