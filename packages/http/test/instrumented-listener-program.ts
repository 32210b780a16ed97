// First, because it has to come before whatever loads `node:http`.
import { answerAll, SHOWN } from '@spanwright/http-servers/instrumented'

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { withSpan } from '@spanwright/core'
import fastify from 'fastify'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { matchedRoutes } from 'hono/route'

import { recordError, setRoute, traceListener } from '@spanwright/http'

// A shop on one framework, whose requests OpenTelemetry's HTTP instrumentation traces as well.

const refused = (): Error => Object.assign(new Error('no such colour'), { status: 422, statusCode: 422 })

function breakOff(res: ServerResponse): void {
  res.on('error', () => undefined)
  res.write('half', () => res.destroy(Object.assign(new Error('disk'), { code: 'EIO' })))
}

/** Answers with what a handler throws. */
function handle(req: IncomingMessage, res: ServerResponse): void {
  const { pathname } = new URL(req.url ?? '', 'http://shop.test')
  if (pathname === '/ignored') return void res.end(withSpan('beneath', () => 'ok'))
  if (/^\/shop\/(?:broken|refused|half|never)$/.test(pathname)) setRoute(pathname)
  if (pathname.startsWith('/shop/users/')) {
    setRoute(req, '/shop/users/:id')
    res.setHeader('x-kind', 'user').end(withSpan('beneath', () => 'ok'))
  } else if (pathname === '/shop/broken') throw new RangeError('broken')
  else if (pathname === '/shop/refused') throw refused()
  else if (pathname === '/shop/half') breakOff(res)
  else if (pathname !== '/shop/never') res.writeHead(404).end()
}

function answerThrown(res: ServerResponse, work: () => unknown): void {
  try {
    work()
  } catch (error) {
    res.writeHead((error as { statusCode?: number }).statusCode ?? 500).end()
  }
}

function onFastify(): RequestListener {
  const app = fastify()
  app.addHook('onRequest', async ({ raw, routeOptions: { url } }) => {
    if (url) setRoute(raw, url)
  })
  app.addHook('onError', async ({ raw }, _reply, error) => recordError(raw, error))
  app.get('/shop/users/:id', (_request, reply) => {
    void reply.header('x-kind', 'user').send(withSpan('beneath', () => 'ok'))
  })
  app.get('/shop/broken', async () => {
    throw new RangeError('broken')
  })
  app.get('/shop/refused', async () => {
    throw refused()
  })
  app.get('/shop/half', (_request, reply) => breakOff(reply.hijack().raw))
  app.get('/shop/never', () => new Promise(() => undefined))
  app.get('/ignored', async () => withSpan('beneath', () => 'ok'))
  const ready = app.ready()
  return traceListener((req: IncomingMessage, res: ServerResponse) => {
    void Promise.resolve(ready).then(() => app.routing(req, res))
  }, SHOWN)
}

function onHono(): RequestListener {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.use((c, next) => {
    const route = matchedRoutes(c).findLast(({ handler: { length } }) => length < 2)
    if (route) setRoute(c.env.incoming, route.path)
    return next()
  })
  app.onError((error, c) => {
    recordError(c.env.incoming, error)
    return error instanceof HTTPException ? error.getResponse() : c.text('', 500)
  })
  app.get('/shop/users/:id', c => {
    c.header('x-kind', 'user')
    return c.text(withSpan('beneath', () => 'ok'))
  })
  app.get('/shop/broken', () => {
    throw new RangeError('broken')
  })
  app.get('/shop/refused', () => {
    throw new HTTPException(422)
  })
  app.get('/shop/half', c => {
    breakOff(c.env.outgoing)
    return RESPONSE_ALREADY_SENT
  })
  app.get('/shop/never', () => new Promise<Response>(() => undefined))
  app.get('/ignored', c => c.text(withSpan('beneath', () => 'ok')))
  return traceListener(getRequestListener(app.fetch) as RequestListener, SHOWN)
}

const APPS: Readonly<Record<string, () => RequestListener>> = {
  listener: () => {
    const traced = traceListener(handle, SHOWN)
    return (req, res) => answerThrown(res, () => traced(req, res))
  },
  fastify: onFastify,
  hono: onHono,
}

const app = APPS[process.argv[2] ?? '']
if (!app) throw new TypeError(`expected one of ${Object.keys(APPS).join(', ')}`)
void answerAll(app())
