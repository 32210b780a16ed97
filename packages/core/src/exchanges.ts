import type { Exchange, ServerRequest } from './http-framework.ts'

type Exchanges = WeakMap<ServerRequest, Exchange>

// Under a registered symbol, so that two copies of this package make one span of a request between them.
const EXCHANGES_KEY = Symbol.for('spanwright.exchanges')
const shared = globalThis as unknown as { [EXCHANGES_KEY]?: Exchanges }

// Not a property of the request: one more costs dearly where a framework has given it another prototype.
const EXCHANGES: Exchanges = (shared[EXCHANGES_KEY] ??= new WeakMap())

/** The exchange of a request that is traced. */
export function exchangeOf(req: ServerRequest): Exchange | undefined {
  return EXCHANGES.get(req)
}

/** Makes the exchange of a request known to {@link exchangeOf}. */
export function setExchange(req: ServerRequest, exchange: Exchange): void {
  EXCHANGES.set(req, exchange)
}

/** Stands for a request that was traced and is over. */
const OVER: Exchange = {
  traced: false,
  run: work => work(),
  recordError: () => undefined,
  addEvent: () => undefined,
}

/**
 * Lets go of the exchange of a request that is over. It stays known that there was one: the request is not traced
 * again. Otherwise a short-lived exchange would outlive every minor garbage collection: to those, what a long-lived
 * map holds is alive, and an exchange holds its request.
 */
export function releaseExchange(req: ServerRequest): void {
  EXCHANGES.set(req, OVER)
}
