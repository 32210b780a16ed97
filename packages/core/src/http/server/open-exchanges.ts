import { type Context, context as contextApi } from '@opentelemetry/api'

import type { Exchange, ServerAnswer, ServerRequest } from './framework.ts'

type Exchanges = WeakMap<ServerRequest | ServerAnswer, Exchange<unknown>>

// Under registered symbols, so that two copies of this package make one span of a request between them.
const EXCHANGES_KEY = Symbol.for('spanwright.exchanges')
const EXCHANGE_KEY = Symbol.for('spanwright.exchange')
const shared = globalThis as unknown as { [EXCHANGES_KEY]?: Exchanges }

// For requests that have another prototype than Node gave them: a property more of those costs dearly.
const EXCHANGES: Exchanges = (shared[EXCHANGES_KEY] ??= new WeakMap())

interface MarkedRequest {
  [EXCHANGE_KEY]?: Exchange<unknown>
}

/** The exchange of a request that is traced. */
export function exchangeOf(req: ServerRequest): Exchange<unknown> | undefined {
  return find(req)
}

/** The exchange of a response. An adapter may make it with another request than the one it answers, or with none. */
export function exchangeOfResponse(res: ServerAnswer): Exchange<unknown> | undefined {
  const { req } = res as { readonly req: ServerRequest | undefined }
  return (req && find(req)) ?? find(res)
}

function find(stream: ServerRequest | ServerAnswer): Exchange<unknown> | undefined {
  // A response that is not of Node leads to none.
  return EXCHANGES.get(stream) ?? (stream as MarkedRequest | undefined)?.[EXCHANGE_KEY]
}

/**
 * Makes the exchange of a request and its response known.
 * @param beside whether it is kept beside them instead of on them
 */
export function setExchange(
  req: ServerRequest,
  res: ServerAnswer,
  exchange: Exchange<unknown>,
  beside: boolean,
): void {
  set(req, exchange, beside)
  if (res.req !== req) set(res, exchange, beside)
}

function set(stream: ServerRequest | ServerAnswer, exchange: Exchange<unknown>, beside: boolean): void {
  if (beside || !Object.isExtensible(stream)) EXCHANGES.set(stream, exchange)
  else (stream as MarkedRequest)[EXCHANGE_KEY] = exchange
}

/**
 * Lets go of the exchange of a request that is over. It stays known that there was one: the request is not traced
 * again. Otherwise a short-lived exchange would outlive every minor garbage collection: to those, what a long-lived
 * map holds is alive, and an exchange holds its request.
 */
export function releaseExchange(req: ServerRequest, res: ServerAnswer): void {
  setExchange(req, res, UNTRACED, EXCHANGES.has(req))
}

/** A request that has no span: it is not to be traced, or it is over. */
export class Untraced implements Exchange {
  readonly traced = false
  private readonly context: Context | undefined

  /** @param context in which its work runs. Default: as it is */
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
