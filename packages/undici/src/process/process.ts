import { types } from 'node:util'

import { context, createContextKey } from '@opentelemetry/api'
import { attempt, type HttpClient, isThenable } from '@spanwright/core/plugin'

import { callBehind, handlerOf } from '../interceptor/caller.ts'
import { follow, watchRequests } from './channels.ts'
import { learnConnections } from './connection.ts'
import { Call } from '../call.ts'
import { httpClientFor, type UndiciTracingOptions } from '../entry-point.ts'
import { Follower } from '../interceptor/follower.ts'
import { isLate } from '../interceptor/late-start.ts'
import { isDiscovering } from './origin.ts'
import { followedRedirect } from '../interceptor/redirect.ts'
import { isMarked } from '../request-mark.ts'
import type { UndiciRequest } from '../undici-types.ts'

/** The handle returned by {@link traceUndici}. */
export interface UndiciTracing extends Disposable {
  /** Stops tracing new requests. Open ones are traced to their end. */
  stop(): void
}

/**
 * Traces every undici request of the process through its diagnostics channels: Node's `fetch`, and every dispatcher of
 * every copy of undici.
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function traceUndici(options?: UndiciTracingOptions): UndiciTracing {
  const client = httpClientFor('traceUndici()', options)
  learnConnections()
  const unwatch = watch()
  everybody.add(client)
  let isStopped = false
  function stop(): void {
    if (isStopped) return
    isStopped = true
    everybody.delete(client)
    unwatch()
  }
  return { stop, [Symbol.dispose]: stop }
}

/** A call whose requests are traced, in the context it runs in. */
interface TracedCall {
  readonly client: HttpClient
  readonly call: Call
  isOver: boolean
}

const TRACED_CALL = createContextKey('spanwright.undici.call')

/** Runs a call and traces the requests it makes until its promise settles. */
export function traceCall(client: HttpClient, call: Call, run: () => Promise<unknown>): Promise<unknown> {
  const traced: TracedCall = { client, call, isOver: false }
  const unwatch = watch()
  const finish = (): void => {
    traced.isOver = true
    unwatch()
  }
  try {
    const result: unknown = context.with(call.parent.setValue(TRACED_CALL, traced), run)
    if (types.isPromise(result)) return finishing(result, finish)
    if (isThenable(result)) attempt('following a call', () => void result.then(finish, finish))
    else finish()
    return result as Promise<unknown>
  } catch (error) {
    finish()
    throw error
  }
}

/** With `await`, so that the stack of an error continues to the caller: V8 follows a promise with a single awaiter. */
async function finishing(result: Promise<unknown>, finish: () => void): Promise<unknown> {
  try {
    return await result
  } finally {
    finish()
  }
}

/** Clients that trace requests no call has claimed; the first one traces them. */
const everybody = new Set<HttpClient>()

let watchers = 0
let unwatchRequests: (() => void) | undefined

/** With any number of watchers, the decision on a request is made once. */
function watch(): () => void {
  if (watchers++ === 0) unwatchRequests = watchRequests(startRequest)
  return () => {
    if (--watchers === 0) unwatchRequests?.()
  }
}

function startRequest(created: UndiciRequest): void {
  if (isDiscovering(created.method) || isLate(created)) return
  const handler = handlerOf(created)
  if (handler instanceof Follower || isMarked(created)) return
  const traced = context.active().getValue(TRACED_CALL) as TracedCall | undefined
  if (traced && !traced.isOver) {
    const { client, call } = traced
    if (call.perCall?.ignore === true || start(created, client, call)) return
  }
  if (everybody.size === 0) return
  const call = handler ? callBehind(handler) : callHere(String(created.origin) + created.path)
  for (const client of everybody) if (start(created, client, call)) return
}

/** A call in the active context, or the earlier call when the request follows its redirect. */
function callHere(url: string): Call {
  const active = context.active()
  const redirect = followedRedirect(url, active)
  const call = new Call(redirect?.parent ?? active)
  call.attempts = redirect?.attempts ?? 0
  return call
}

/** Returns false when the request must be left alone. */
function start(created: UndiciRequest, client: HttpClient, call: Call): boolean {
  const { method, path, headers, host } = created
  const origin = String(created.origin)
  const { parent, perCall, first, attempts: resendCount } = call
  const request = client.start({ method, path, origin, headers, host, parent, resendCount, perCall, first })
  if (!request) return false
  call.attempts++
  call.first ??= request
  follow(created, request, origin + path, call)
  return true
}
