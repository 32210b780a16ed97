import { createReadStream, statSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'

import type { PlainHandler, ShopFramework } from '@spanwright/http-servers'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import connect from 'connect'
import fastify from 'fastify'
import { Hono } from 'hono'
import { matchedRoutes } from 'hono/route'

import { type ServerTracingOptions, setRoute, traceListener, traceServer } from '@spanwright/http'

import { CONNECT_SHOP, FASTIFY_SHOP, HONO_SHOP, PLAIN_SHOP } from './shops.ts'

const ITEM = /^(?:http:\/\/[^/]+)?\/items\/[^/?]+(?:\?|$)/

/** What suites ask of frameworks with layers; a plain server has none. */
function ownOptions(given: object | undefined, trustProxy = false): ServerTracingOptions {
  const { layers: _, ...options } = { layers: undefined, ...given }
  return { ...options, trustProxy }
}

/** A plain listener, as an application without a framework has one. */
function routed(handler: PlainHandler): RequestListener {
  return (req, res) => {
    if (!ITEM.test(req.url ?? '')) return res.writeHead(404).end()
    setRoute('/items/:id')
    return handler(req, res)
  }
}

function sendFile(path: string): PlainHandler {
  return (_req, res) => {
    res.setHeader('Content-Length', statSync(path).size)
    createReadStream(path).pipe(res)
  }
}

/** Fastify 5, traced by the listener it makes; its own pattern names the route. */
function onFastify(handler: PlainHandler, options: ServerTracingOptions): RequestListener {
  const app = fastify().addHttpMethod('PURGE')
  app.addHook('onRequest', async ({ raw, routeOptions: { url } }) => {
    if (url) setRoute(raw, url)
  })
  // The body is for the handler to read.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/items/:id', (request, reply) => {
    reply.hijack()
    return handler(request.raw, reply.raw)
  })
  const ready = app.ready()
  return traceListener((req: IncomingMessage, res: ServerResponse) => {
    void Promise.resolve(ready).then(() => app.routing(req, res))
  }, options)
}

/** Hono 4 on `@hono/node-server`; its own pattern names the route. */
function onHono(handler: PlainHandler, options: ServerTracingOptions): RequestListener {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.use((c, next) => {
    const route = matchedRoutes(c).findLast(({ handler: { length } }) => length < 2)
    if (route) setRoute(c.env.incoming, route.path)
    return next()
  })
  const answered = new WeakSet()
  app.all('/items/:id', c => {
    const { incoming, outgoing } = c.env
    answered.add(incoming)
    void handler(incoming, outgoing)
    return RESPONSE_ALREADY_SENT
  })
  // Hono makes another response of that for HEAD.
  const answer = async (request: Request, env: unknown): Promise<Response> => {
    const response = await app.fetch(request, env as HttpBindings)
    return answered.has((env as HttpBindings).incoming) ? RESPONSE_ALREADY_SENT : response
  }
  return traceListener(getRequestListener(answer) as RequestListener, options)
}

/** The middleware framework connect, traced by its server. */
function onConnect(handler: PlainHandler, options: ServerTracingOptions): RequestListener {
  const app = connect()
  app.use(routed(handler))
  const server = traceServer(createServer(app), options)
  return (req, res) => void server.emit('request', req, res)
}

/** One kind of server, for the suites that all have in common. */
function kindOf(
  name: string,
  create: (handler: PlainHandler, options: ServerTracingOptions) => RequestListener,
  shop: Pick<ShopFramework, 'routes' | 'shop'>,
): ShopFramework {
  return {
    name,
    ...shop,
    serving: (handler, options, settings) => create(handler, ownOptions(options, settings?.trustProxy)),
    servingFile: (path, options) => create(sendFile(path), ownOptions(options)),
  }
}

export const NODE_HTTP: ShopFramework = kindOf(
  'node:http',
  (handler, options) => traceListener(routed(handler), options),
  PLAIN_SHOP,
)
export const CONNECT: ShopFramework = kindOf('connect', onConnect, CONNECT_SHOP)
export const FASTIFY: ShopFramework = kindOf('Fastify', onFastify, FASTIFY_SHOP)
export const HONO: ShopFramework = { ...kindOf('Hono', onHono, HONO_SHOP), checksHost: true }
