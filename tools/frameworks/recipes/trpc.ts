import { SpanStatusCode } from '@opentelemetry/api'
import { recordRequestError, setRoute, withSpan } from '@spanwright/core'
import { initTRPC } from '@trpc/server'
import { createExpressMiddleware, type CreateExpressContextOptions } from '@trpc/server/adapters/express'
import type { RequestHandler } from 'express'

const createContext = ({ info }: CreateExpressContextOptions): { calls: number } => ({
  calls: info.calls.length,
})

const t = initTRPC.context<typeof createContext>().create()

/** Names the request after its procedure. Each call of a batch gets a span. */
const procedure = t.procedure.use(({ ctx, path, type, next }) => {
  if (ctx.calls === 1) {
    setRoute(`/trpc/${path}`)
    return next()
  }
  return withSpan(`${type} ${path}`, async span => {
    const result = await next()
    if (!result.ok) span.setStatus({ code: SpanStatusCode.ERROR, message: result.error.code })
    return result
  })
})

const router = t.router({
  order: procedure.query(() => withSpan('load order', () => Promise.resolve({ id: '7' }))),
  place: procedure.mutation(() => ({ id: '8' })),
  broken: procedure.query(() => {
    throw new RangeError('no such order')
  }),
})

export const trpc: RequestHandler = createExpressMiddleware({
  router,
  createContext,
  onError({ error }) {
    if (error.code === 'INTERNAL_SERVER_ERROR') recordRequestError(error.cause ?? error)
  },
})
