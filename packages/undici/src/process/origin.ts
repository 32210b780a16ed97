import { subscribe } from 'node:diagnostics_channel'

import type { ClientRequest, HttpClient } from '@spanwright/core/plugin'

import { refuseSecondContext } from './single-context.ts'
import { subscriberOf } from './subscriber.ts'
import type { UndiciRequest } from '../undici-types.ts'

/** Receives the request that undici created, and returns the traced request whose context is sent. */
type Discovery = (created: UndiciRequest) => ClientRequest | undefined

let pending: { readonly method: string; readonly discovered: Discovery } | undefined
let isSubscribed = false

/**
 * The origin that a `Client` or a `Pool` sends to: undici 6 and 7 do not pass it to interceptors, but expose it on the
 * request they create synchronously.
 */
export class OriginSource {
  /** The destination of the first request. */
  known: Assumption | undefined

  /** Dispatches a request of unknown origin; its span is started when undici creates the request. */
  discover(method: string, discovered: Discovery, dispatch: () => boolean): boolean {
    subscribeOnce()
    const outer = pending
    pending = {
      method,
      discovered,
    }
    try {
      return dispatch()
    } finally {
      pending = outer
    }
  }
}

/** The assumption that requests go to the same server as the first one. A `BalancedPool` has several servers. */
export class Assumption {
  readonly origin: string
  private readonly client: HttpClient

  constructor(client: HttpClient, origin: string) {
    this.client = client
    this.origin = origin
  }

  /** Corrects a request that was sent to a different server. */
  compare(request: ClientRequest, { origin, path, host }: UndiciRequest): void {
    if (origin !== this.origin) this.client.relocate(request, String(origin), path, host)
  }
}

/** True while a request is being created whose span is about to be started. */
export function isDiscovering(method: string): boolean {
  return pending?.method === method
}

function subscribeOnce(): void {
  if (isSubscribed) return
  isSubscribed = true
  subscribe(CREATED, subscriberOf(CREATED, discover))
}

const CREATED = 'undici:request:create'

function discover({ request }: { readonly request: UndiciRequest }): void {
  if (!pending || !isDiscovering(request.method)) return
  const { discovered } = pending
  pending = undefined
  const traced = discovered(request)
  if (traced) addContext(request, traced)
}

/**
 * Adds the context of a span to a request created by undici: the request and its header list belong to undici, not to
 * the caller. Undici adds and checks the header like the caller's own.
 */
export function addContext(created: UndiciRequest, { headers, injected }: ClientRequest): void {
  const list: unknown = created.headers
  if (injected.length === 0 || !Array.isArray(list) || !Array.isArray(headers)) return
  const kept = headers.length - injected.length
  if (kept < list.length) list.splice(0, list.length, ...(headers.slice(0, kept) as unknown[]))
  for (let i = 0; i + 1 < injected.length; i += 2)
    created.addHeader?.(injected[i] ?? '', injected[i + 1] ?? '')
  refuseSecondContext(created, injected)
}
