import { type Context, context as contextApi, type Span } from '@opentelemetry/api'

import { attempt } from '../../host/guard.ts'
import { beforeEnd } from '../../host/process-end.ts'
import { spanContextOf } from '../../host/span.ts'
import { splitTarget } from '../url.ts'
import type { Exchange, ServerAnswer, ServerRequest } from './framework.ts'

type Exchanges = WeakMap<ServerRequest | ServerAnswer, Exchange<unknown>>

// Under registered symbols, so that two copies of this package create only one span per request.
const EXCHANGES_KEY = Symbol.for('spanwright.exchanges')
const EXCHANGE_KEY = Symbol.for('spanwright.exchange')
const shared = globalThis as unknown as { [EXCHANGES_KEY]?: Exchanges }

// For requests that cannot be extended.
const EXCHANGES: Exchanges = (shared[EXCHANGES_KEY] ??= new WeakMap())

interface MarkedRequest {
  [EXCHANGE_KEY]?: Exchange<unknown>
}

/** The exchange of a traced request. */
export function exchangeOf(req: ServerRequest): Exchange<unknown> | undefined {
  return find(req)
}

/** The exchange of a response. An adapter may create the response with a different request, or with none. */
export function exchangeOfResponse(res: ServerAnswer): Exchange<unknown> | undefined {
  const { req } = res as { readonly req: ServerRequest | undefined }
  return (req && find(req)) ?? find(res)
}

function find(stream: ServerRequest | ServerAnswer): Exchange<unknown> | undefined {
  // A response that isn't Node's has no request.
  return (stream as MarkedRequest | undefined)?.[EXCHANGE_KEY] ?? EXCHANGES.get(stream)
}

/** Registers the exchange of a request and its response. */
export function setExchange(req: ServerRequest, res: ServerAnswer, exchange: Exchange<unknown>): void {
  set(req, exchange)
  if (res.req !== req) set(res, exchange)
}

function set(stream: ServerRequest | ServerAnswer, exchange: Exchange<unknown>): void {
  // As a property, because a map of the process would keep each request alive during minor garbage collections.
  if (Object.isExtensible(stream)) (stream as MarkedRequest)[EXCHANGE_KEY] = exchange
  else EXCHANGES.set(stream, exchange)
}

/**
 * Releases the exchange of an ended request, but remembers that there was one, so that the request is not traced again.
 * The application may retain the request, and the exchange holds its response, span and context.
 */
export function releaseExchange(req: ServerRequest, res: ServerAnswer): void {
  setExchange(req, res, UNTRACED)
}

/** A request without a span: it must not be traced, or it has ended. */
export class Untraced implements Exchange {
  readonly traced = false
  private readonly context: Context | undefined

  /** @param context in which its work runs. Default: the active one */
  constructor(context?: Context) {
    this.context = context
  }

  run<T>(work: () => T): T {
    return this.context ? contextApi.with(this.context, work) : work()
  }

  recordError(): void {}

  addEvent(): void {}
}

export const UNTRACED: Exchange = new Untraced()

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
  readonly req: ServerRequest
  readonly facts: { readonly route: string | undefined; readonly url: string }
  readonly span: Span
  /** When it arrived, on the clock of `performance.now()`. */
  readonly openedAt: number
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
    const one = attempt('reading a request', describe, request)
    if (one) described.push(one)
  }
  return described
}

function describe({ req, facts, span, openedAt }: OpenRequest): RequestInFlight {
  return {
    method: req.method ?? '',
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
