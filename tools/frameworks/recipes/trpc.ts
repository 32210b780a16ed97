import { SpanStatusCode } from '@opentelemetry/api'
import { recordRequestError, setRoute, withSpan } from '@spanwright/core'
import { initTRPC, type TRPCError } from '@trpc/server'
import { createExpressMiddleware, type CreateExpressContextOptions } from '@trpc/server/adapters/express'
import type { RequestHandler } from 'express'
import type { Middleware } from 'koa'
import { createKoaMiddleware } from 'trpc-koa-adapter'

const createContext = ({ info }: Pick<CreateExpressContextOptions, 'info'>): { calls: number } => ({
  calls: info.calls.length,
})

const t = initTRPC.context<typeof createContext>().create()

/** Names the request after its procedure. Each call of a batch gets a span. */
const procedure = t.procedure.use(({ ctx, path, type, next }) => {
  setRoute(ctx.calls === 1 ? `/trpc/${path}` : '/trpc')
  if (ctx.calls === 1) return next()
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

function onError({ error }: { readonly error: TRPCError }): void {
  if (error.code === 'INTERNAL_SERVER_ERROR') recordRequestError(error.cause ?? error)
}

export const trpc: RequestHandler = createExpressMiddleware({ router, createContext, onError })

export const trpcOnKoa: Middleware = createKoaMiddleware({ prefix: '/trpc', router, createContext, onError })
