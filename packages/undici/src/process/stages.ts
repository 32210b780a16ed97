import { subscribe } from 'node:diagnostics_channel'
import type { EventEmitter } from 'node:events'

import { type ClientRequest } from '@spanwright/core/plugin'
import {
  EVENT_CONNECT_END,
  EVENT_CONNECT_START,
  EVENT_DNS_END,
  EVENT_REQUEST_END,
  EVENT_REQUEST_START,
  EVENT_TLS_END,
} from '@spanwright/core/semconv'

import { subscriberOf } from './subscriber.ts'
import type { UndiciRequest } from '../undici-types.ts'

/** When the stages of opening a connection were reached, on the clock of `performance.now()`. */
type Opening = Map<string, number>

/** Connections that are being opened, oldest first, by destination. */
const openings = new Map<string, Opening[]>()

/** Connections that no request has used yet. */
const unused = new WeakMap<object, Opening>()

/** Requests being sent, for the channel that reports when they are sent. */
const sending = new WeakMap<UndiciRequest, ClientRequest>()

/** The connection that is being opened synchronously. */
let starting: Opening | undefined
let isSubscribed = false

/** A request was written to a connection: records all stages before that. */
export function passStages(request: ClientRequest, created: UndiciRequest, socket: object | null): void {
  const opening = socket && unused.get(socket)
  if (opening) {
    unused.delete(socket)
    for (const [stage, at] of opening) request.reached(stage, at)
  }
  request.reached(EVENT_REQUEST_START)
  sending.set(created, request)
}

/** Starts observing when connections are opened and requests are sent. */
export function learnStages(): void {
  if (isSubscribed) return
  isSubscribed = true
  for (const [name, read] of Object.entries(READERS)) subscribe(name, subscriberOf(name, read))
}

interface ConnectMessage {
  readonly connectParams: { readonly protocol?: string; readonly host?: string }
}

/** Messages of the channels; each channel publishes a part of it. */
interface StageMessage extends ConnectMessage {
  readonly socket?: EventEmitter & { readonly encrypted?: boolean }
  readonly request: UndiciRequest
}

const READERS: Readonly<Record<string, (message: StageMessage) => void>> = {
  'undici:client:beforeConnect': message => begin(placeOf(message)),
  'undici:client:connectError': message => finish(placeOf(message)),
  'undici:client:connected': message => {
    const { socket } = message
    const opening = finish(placeOf(message))
    if (!opening || !socket) return
    opening.set(socket.encrypted ? EVENT_TLS_END : EVENT_CONNECT_END, performance.now())
    unused.set(socket, opening)
  },
  // Older versions of Node publish plain sockets only; the stages of TLS sockets before their handshake are unknown
  // there.
  'net.client.socket': ({ socket }) => {
    const opening = starting
    if (!opening || !socket) return
    starting = undefined
    socket.once('lookup', (_error: unknown, address: unknown, _family: unknown, host: unknown) => {
      if (address !== host) opening.set(EVENT_DNS_END, performance.now())
    })
    if (socket.encrypted) socket.once('connect', () => opening.set(EVENT_CONNECT_END, performance.now()))
  },
  'undici:request:bodySent': ({ request }) => sending.get(request)?.reached(EVENT_REQUEST_END),
}

function begin(place: string): void {
  const opening: Opening = new Map([[EVENT_CONNECT_START, performance.now()]])
  const others = openings.get(place)
  if (others) others.push(opening)
  else openings.set(place, [opening])
  starting = opening
  queueMicrotask(() => {
    if (starting === opening) starting = undefined
  })
}

function finish(place: string): Opening | undefined {
  const there = openings.get(place)
  const opening = there?.shift()
  if (there?.length === 0) openings.delete(place)
  return opening
}

function placeOf({ connectParams: { protocol, host } }: ConnectMessage): string {
  return `${protocol}//${host}`
}
