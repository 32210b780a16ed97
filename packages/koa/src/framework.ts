import type { HttpFramework } from '@spanwright/core/plugin'
import type { Context } from 'koa'

import { routeOf } from './route.ts'

/** Reads requests of Koa, with its own proxy trust and the routes of `@koa/router`. */
export const KOA: HttpFramework<Context> = {
  url: ctx => ctx.originalUrl,
  // By ctx.request, to which ctx only leads, at twice the price.
  origin: ({ request }, { socket }) => ({
    scheme: request.protocol,
    host: request.host || undefined,
    // Not ctx.ip: it is remembered when it is read, and a later middleware may still correct the headers. Nor app.proxy,
    // by which Koa itself decides whether there are any: frameworks on top of it warn of each reading.
    clientAddress: (request.ips as readonly string[] | undefined)?.[0] || socket?.remoteAddress,
  }),
  route: routeOf,
}
