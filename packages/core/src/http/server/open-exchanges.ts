import { type Context, context as contextApi } from '@opentelemetry/api'

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
