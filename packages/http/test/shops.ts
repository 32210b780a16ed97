import type { RequestListener } from 'node:http'

import { getRequestListener } from '@hono/node-server'
import type { ShopFramework } from '@spanwright/http-servers'
import connect from 'connect'
import fastify from 'fastify'
import { Hono } from 'hono'
import { routePath } from 'hono/route'

import { type ServerTracingOptions, setRoute, traceListener } from '@spanwright/http'

const OPTIONS: ServerTracingOptions = {
  trustProxy: true,
  captureHeaders: { request: ['x-id', 'cookie'], response: ['etag'] },
}
const SHOP = /^\/shop\/([^/?]+)(\/[^/?]+)?(?:\?|$)/

/** A shop without a framework, some of whose responses fail. */
const plain: RequestListener = (req, res) => {
  const [, id, more] = SHOP.exec(req.url ?? '') ?? []
  if (id) setRoute(more ? '/shop/:a/:b' : '/shop/:a')
  if (!id) res.writeHead(404)
  else if (more) res.writeHead(500, { etag: '"7"' })
  res.end(id)
}

function connectShop(): RequestListener {
  const app = connect()
  app.use('/mounted', ((req, res, next) => {
    if (!/^\/[^/?]+(?:\?|$)/.test(req.url ?? '')) return next()
    setRoute(req, '/mounted/:x')
    res.end(req.url)
  }) as connect.NextHandleFunction)
  app.use((req, res, next) => {
    if (SHOP.test(req.url ?? '')) plain(req, res)
    else next()
  })
  return app
}

function fastifyShop(): RequestListener {
  const app = fastify({ trustProxy: true, exposeHeadRoutes: false })
  app.addHook('onRequest', async ({ raw, routeOptions: { url } }) => {
    if (url) setRoute(raw, url)
  })
  app.all('/shop/:a', async ({ params }) => (params as { a: string }).a)
  app.get('/shop/:a/:b', async () => {
    throw new Error('no')
  })
  app.get('/mounted/:x', (_request, reply) => void reply.code(204).send())
  const ready = app.ready()
  return (req, res) => void Promise.resolve(ready).then(() => app.routing(req, res))
}

function honoShop(): RequestListener {
  const app = new Hono()
  app.use(async (c, next) => {
    await next()
    if (c.res.status !== 404) setRoute(routePath(c, -1))
  })
  app.onError((_error, c) => c.text('no', 500))
  app.all('/shop/:a', c => c.text(c.req.param('a')))
  app.get('/shop/:a/:b', () => {
    throw new Error('no')
  })
  app.get('/mounted/:x', c => c.body(null, 204))
  const errorHandler = (): Response => new Response('', { status: 400 })
  const listener = getRequestListener(app.fetch, { errorHandler })
  return (req, res) => void listener(req, res)
}

/** The routes of all shops, and how each makes its app. */
function shopOn(create: () => RequestListener): Pick<ShopFramework, 'routes' | 'shop'> {
  return {
    routes: ['/shop/:a', '/shop/:a/:b', '/mounted/:x'],
    shop(traced) {
      const asked = { count: 0 }
      const app = create()
      const counted: RequestListener = (req, res) => {
        asked.count++
        return app(req, res)
      }
      return { app: traced ? traceListener(counted, OPTIONS) : counted, asked }
    },
  }
}

export const PLAIN_SHOP: Pick<ShopFramework, 'routes' | 'shop'> = shopOn(() => plain)
export const CONNECT_SHOP: Pick<ShopFramework, 'routes' | 'shop'> = shopOn(connectShop)
export const FASTIFY_SHOP: Pick<ShopFramework, 'routes' | 'shop'> = shopOn(fastifyShop)
export const HONO_SHOP: Pick<ShopFramework, 'routes' | 'shop'> = shopOn(honoShop)
