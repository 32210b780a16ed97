import { subscribe } from 'node:diagnostics_channel'

import type { ClientRequest, HttpClient } from '@spanwright/core/plugin'

import { subscriberOf } from './subscriber.ts'
import type { UndiciRequest } from '../undici-types.ts'

/** Is told what undici made of a request, and returns the request whose context is to be sent. */
type Discovery = (created: UndiciRequest) => ClientRequest | undefined

let pending: { readonly method: string; readonly discovered: Discovery } | undefined
let isSubscribed = false

/**
 * Where a `Client` or a `Pool` sends to: undici 6 and 7 do not tell interceptors, but show it on the request they
 * make in the same breath.
 */
export class OriginSource {
  /** Where the first request went. */
  known: Assumption | undefined

  /** Dispatches a request whose origin is not known, and has its span started on the way. */
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

/** That requests go where the first one went. A `BalancedPool` has several servers. */
export class Assumption {
  readonly origin: string
  private readonly client: HttpClient

  constructor(client: HttpClient, origin: string) {
    this.client = client
    this.origin = origin
  }

  /** Corrects a request that was written to another place. */
  compare(request: ClientRequest, { origin, path, host }: UndiciRequest): void {
    if (origin !== this.origin) this.client.relocate(request, String(origin), path, host)
  }
}

/** True while a request is being made whose span is about to be started. */
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
 * Puts the context of a span into a request that undici has made: it and its list belong to undici, not to the caller.
 * Undici adds a header as it adds those of its caller, with the checks of its own.
 */
export function addContext(created: UndiciRequest, { headers, injected }: ClientRequest): void {
  const list: unknown = created.headers
  if (injected.length === 0 || !Array.isArray(list) || !Array.isArray(headers)) return
  const kept = headers.length - injected.length
  if (kept < list.length) list.splice(0, list.length, ...(headers.slice(0, kept) as unknown[]))
  for (let i = 0; i + 1 < injected.length; i += 2)
    created.addHeader?.(injected[i] ?? '', injected[i + 1] ?? '')
}
