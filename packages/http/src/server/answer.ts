import type { HttpServer, ServerAnswer, ServerRequest } from '@spanwright/core/plugin'

type Work = (this: unknown, ...args: never[]) => unknown

/** Runs the handling of a request in its own span. */
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
  // The result is not passed to the exchange: a rejection observed there would no longer be reported as unhandled.
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
