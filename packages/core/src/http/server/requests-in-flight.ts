import type { Span } from '@opentelemetry/api'

import { beforeEnd } from '../../host/process-end.ts'
import { spanContextOf } from '../../host/span.ts'
import { splitTarget } from '../url.ts'

/** An open traced request. */
export interface RequestInFlight {
  /** Method as sent. */
  readonly method: string
  /** Pattern of its route; undefined while none has matched. */
  readonly route: string | undefined
  /** Path as sent, without the query. */
  readonly path: string
  /** Time since it arrived, in milliseconds. */
  readonly ageMs: number
  readonly traceId: string
}

/** A traced request as an entry of the list of open requests. */
export interface OpenRequest {
  before: OpenRequest | undefined
  after: OpenRequest | undefined
  /** @returns undefined when the request cannot be read */
  describe(): RequestInFlight | undefined
  /** Ends its span before the response has finished. */
  endUnfinished(): void
}

// A linked list, not a set: a set hashes each request and has to be resized (benchmark row: Koa).
let oldest: OpenRequest | undefined
let newest: OpenRequest | undefined
const ENDED_ON_SHUTDOWN = new Set<OpenRequest>()

/** Returns the open traced requests, oldest first. */
export function requestsInFlight(): RequestInFlight[] {
  const described: RequestInFlight[] = []
  for (let request = oldest; request; request = request.after) {
    const one = request.describe()
    if (one) described.push(one)
  }
  return described
}

/**
 * Describes an open request.
 * @param facts its route, and its target as sent
 * @param openedAt when it arrived, on the clock of `performance.now()`
 */
export function describeRequest(
  method: string | undefined,
  facts: { readonly route: string | undefined; readonly url: string },
  openedAt: number,
  span: Span,
): RequestInFlight {
  return {
    method: method ?? '',
    route: facts.route,
    path: splitTarget(facts.url).path,
    ageMs: Math.max(0, performance.now() - openedAt),
    traceId: spanContextOf(span).traceId,
  }
}

/** @param endOnShutdown whether its span is ended on SIGTERM */
export function addOpenRequest(request: OpenRequest, endOnShutdown: boolean): void {
  request.before = newest
  if (newest) newest.after = request
  else oldest = request
  newest = request
  if (endOnShutdown) ENDED_ON_SHUTDOWN.add(request)
}

export function removeOpenRequest(request: OpenRequest): void {
  const { before, after } = request
  if (before) before.after = after
  else if (oldest === request) oldest = after
  if (after) after.before = before
  else if (newest === request) newest = before
  request.before = undefined
  request.after = undefined
  if (ENDED_ON_SHUTDOWN.size > 0) ENDED_ON_SHUTDOWN.delete(request)
}

let listening = false

/** Ends open requests on SIGTERM, before the application's listeners, so that they can still export them. */
export function listenForShutdown(): void {
  if (listening) return
  listening = true
  beforeEnd(['SIGTERM'], { begin: endRequests })
}

function endRequests(): void {
  for (const request of ENDED_ON_SHUTDOWN) request.endUnfinished()
}
