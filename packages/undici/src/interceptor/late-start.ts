import { subscribe } from 'node:diagnostics_channel'

import { type Context, context } from '@opentelemetry/api'
import { type ClientRequest, guardMethods, headerOf } from '@spanwright/core/plugin'

import { addContext } from '../process/origin.ts'
import { subscriberOf } from '../process/subscriber.ts'
import { lookUpRaw } from '../response-headers.ts'
import type { RawHeaders, UndiciRequest } from '../undici-types.ts'

// Interceptors that copy options may answer without sending anything: a cache, or one that shares the response of an
// equal request. A span cannot be withdrawn, so there it is started when undici creates the request.

/** A response that was received from the network. */
interface Received {
  readonly statusCode: number
  readonly headers: RawHeaders
}

/** A request that may be answered without being sent. */
export interface LateStart {
  readonly method: string
  readonly path: string
  readonly origin: string
  readonly parent: Context
  /** Starts the span of a request that undici created, or that failed before. */
  start(created: UndiciRequest | undefined): ClientRequest | undefined
  /** Traces a request that is sent after its response was served from a cache. */
  revalidate(created: UndiciRequest): void
}

/** The handler of a late request. */
interface Receiver {
  request: ClientRequest | undefined
}

/** Late requests that may still cause one of undici, by method and path. */
const open = new Map<string, Set<LateRequest>>()
/** The late requests behind those of undici. */
const causes = new WeakMap<UndiciRequest, LateRequest>()
let dispatching: LateRequest | undefined

/** A request whose span is started when undici creates it; it has none when nothing is sent. */
export class LateRequest {
  /** The latest response that was received for it. */
  received: Received | undefined
  readonly parent: Context
  private readonly start: LateStart
  private readonly places: { readonly key: string; readonly origin: string }[] = []
  /** Only until the request is created or answered: a body that is not read must be collectable. */
  private receiver: Receiver | undefined
  private request: ClientRequest | undefined
  private state: 'waiting' | 'created' | 'answered' | 'over' = 'waiting'

  constructor(start: LateStart, receiver: Receiver) {
    this.start = start
    this.receiver = receiver
    this.parent = start.parent
    this.leadTo(start.origin, start.path)
  }

  /** True until undici has created a request for it, or it was answered without one. */
  get isWaiting(): boolean {
    return this.state === 'waiting'
  }

  /** A response begins, or the request has failed, perhaps without having been created. */
  answered(): void {
    if (!this.isWaiting) return
    this.state = 'answered'
    this.receiver = undefined
    // A cache may revalidate what it serves.
    setImmediate(() => this.forget())
  }

  /** The request has failed. Returns its span, also when undici had not created it. */
  failed(): ClientRequest | undefined {
    if (!this.isWaiting) return this.request
    const request = this.start.start(undefined)
    this.answered()
    return request
  }

  /** True for a request that this one may still cause, such as a retry. */
  mayCause({ method }: UndiciRequest): boolean {
    if (method !== this.start.method || this.state === 'over') return false
    return this.state !== 'created' || this.request?.isOpen === true
  }

  /** True for a request to a destination of this one. A DNS interceptor keeps the name in the header. */
  leadsTo(created: UndiciRequest): boolean {
    const { key, origin } = placeOf(created)
    const host = `//${String(created.host)}`
    return this.places.some(
      place => place.key === key && (place.origin === origin || place.origin.endsWith(host)),
    )
  }

  /** Undici has created a request for it. */
  created(by: UndiciRequest): void {
    const { request, state, start, receiver } = this
    if (state === 'created') return request && addMissing(by, request)
    this.state = state === 'waiting' ? 'created' : 'over'
    if (!receiver) return start.revalidate(by)
    this.receiver = undefined
    this.request = receiver.request = start.start(by)
    if (!this.request) return this.forget()
    addContext(by, this.request)
    this.request.whenOver(() => this.forget())
  }

  /** A response was received. */
  responded(response: Received): void {
    const { statusCode, headers } = response
    this.received = response
    if (statusCode < 300 || statusCode >= 400) return
    const location = String(lookUpRaw(headers, 'location'))
    const { origin, path } = this.start
    if (!URL.canParse(location, origin + path)) return
    const target = new URL(location, origin + path)
    this.leadTo(target.origin, target.pathname + target.search)
  }

  private leadTo(origin: string, path: string): void {
    const key = `${this.start.method} ${path}`
    this.places.push({ key, origin })
    open.set(key, (open.get(key) ?? new Set<LateRequest>()).add(this))
  }

  private forget(): void {
    for (const { key } of this.places) {
      const others = open.get(key)
      others?.delete(this)
      if (others?.size === 0) open.delete(key)
    }
  }
}

guardMethods('starting the span of a request', LateRequest, 'created', 'responded', 'failed')

/** Dispatches a late request. */
export function dispatchLate(late: LateRequest, dispatch: () => boolean): boolean {
  subscribeOnce()
  const outer = dispatching
  dispatching = late
  try {
    return dispatch()
  } finally {
    dispatching = outer
  }
}

/** True for a request that undici creates for a late one. */
export function isLate(created: UndiciRequest): boolean {
  return isSubscribed && claim(created) !== undefined
}

/** The late request that undici creates a request for; the same at every call. */
function claim(created: UndiciRequest): LateRequest | undefined {
  const known = causes.get(created)
  if (known) return known
  const late = dispatching?.mayCause(created) ? dispatching : causeOf(created)
  if (!late) return undefined
  causes.set(created, late)
  late.created(created)
  return late
}

/**
 * The cause of a request that undici creates after the dispatch: in the caller's context, or in any other when all
 * connections of a `Pool` were busy.
 */
function causeOf(created: UndiciRequest): LateRequest | undefined {
  const active = context.active()
  let best: LateRequest | undefined
  let most = -1
  for (const late of open.get(placeOf(created).key) ?? []) {
    if (!late.mayCause(created) || !late.leadsTo(created)) continue
    const likelihood = (late.isWaiting ? 2 : 0) + (late.parent === active ? 1 : 0)
    if (likelihood <= most) continue
    best = late
    most = likelihood
  }
  return best
}

/** A request to a proxy has the whole URL as its path. */
function placeOf({ method, path, origin }: UndiciRequest): { readonly key: string; readonly origin: string } {
  if (path.startsWith('/') || !URL.canParse(path)) return { key: `${method} ${path}`, origin: String(origin) }
  const url = new URL(path)
  return { key: `${method} ${url.pathname}${url.search}`, origin: url.origin }
}

/** A retry or redirect below sends the context of the same span. */
function addMissing(created: UndiciRequest, { injected }: ClientRequest): void {
  for (let i = 0; i + 1 < injected.length; i += 2) {
    const [name = '', value = ''] = injected.slice(i, i + 2)
    if (headerOf(created.headers, name) === undefined) created.addHeader?.(name, value)
  }
}

const CREATED = 'undici:request:create'
const HEADERS = 'undici:request:headers'
let isSubscribed = false

function subscribeOnce(): void {
  if (isSubscribed) return
  isSubscribed = true
  subscribe(
    CREATED,
    subscriberOf(CREATED, ({ request }: { readonly request: UndiciRequest }) => void claim(request)),
  )
  subscribe(HEADERS, subscriberOf(HEADERS, noteResponse))
}

function noteResponse({
  request,
  response,
}: {
  readonly request: UndiciRequest
  readonly response: Received
}): void {
  if (response.statusCode >= 200) causes.get(request)?.responded(response)
}
