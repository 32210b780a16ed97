import type { HttpServer, ServerAnswer, ServerRequest } from '@spanwright/core/plugin'

type Work = (this: unknown, ...args: never[]) => unknown

/** Runs what answers a request, in a span of its own. */
export function answer(
  server: HttpServer<ServerRequest>,
  req: ServerRequest,
  res: ServerAnswer,
  work: Work,
  self: unknown,
  args: readonly unknown[],
): unknown {
  const exchange = server.begin(req, res, req)
  let result: unknown
  // What it returns is kept from the exchange: a promise that is followed there would not be unhandled any more.
  exchange.run(() => {
    try {
      result = Reflect.apply(work, self, args)
    } catch (error) {
      exchange.recordError(error)
      throw error
    }
  })
  return result
}
