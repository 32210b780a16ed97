import { type Context, context as contextApi } from '@opentelemetry/api'

import type { Exchange, ServerRequest } from './framework.ts'

type Exchanges = WeakMap<ServerRequest, Exchange<unknown>>

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
  // A response that is not of Node leads to none.
  return EXCHANGES.get(req) ?? (req as MarkedRequest | undefined)?.[EXCHANGE_KEY]
}

/**
 * Makes the exchange of a request known to {@link exchangeOf}.
 * @param beside whether it is kept beside the request instead of on it
 */
export function setExchange(req: ServerRequest, exchange: Exchange<unknown>, beside: boolean): void {
  if (beside || !Object.isExtensible(req)) EXCHANGES.set(req, exchange)
  else (req as MarkedRequest)[EXCHANGE_KEY] = exchange
}

/**
 * Lets go of the exchange of a request that is over. It stays known that there was one: the request is not traced
 * again. Otherwise a short-lived exchange would outlive every minor garbage collection: to those, what a long-lived
 * map holds is alive, and an exchange holds its request.
 */
export function releaseExchange(req: ServerRequest): void {
  setExchange(req, UNTRACED, EXCHANGES.has(req))
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
