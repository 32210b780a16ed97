import { describe, expect, it } from '@jest/globals'
import type Router from '@koa/router'
import type { Middleware } from 'koa'
import Koa from 'koa'
import compose from 'koa-compose'
import mount from 'koa-mount'
import serveStatic from 'koa-static'
import request from 'supertest'

import { tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { serve } from './service.ts'
import { ROUTERS } from './versions.ts'

const answer: Middleware = ctx => void (ctx.body = 'ok')
const pass: Middleware = (_ctx, next) => next()
const refuse: Middleware = ctx => ctx.throw(401)

/** Middleware as Koa takes it, or a router makes it. */
type AnyMiddleware = Middleware | ReturnType<Router['routes' | 'allowedMethods']>

function traced(...middleware: AnyMiddleware[]): Koa {
  const app = new Koa()
  app.silent = true
  app.use(tracing())
  for (const one of middleware) app.use(one as Middleware)
  return app
}

/** The name of the span of one request; its route must match. */
async function nameOf(app: Koa, path: string, method: 'get' | 'head' | 'post' | 'options' = 'get') {
  const server = await serve(app)
  await request(server)[method](path)
  const span = await recorder.waitFor(() => true)
  expect(recorder.spans()).toEqual([span])
  const route = span.attributes['http.route']
  expect(span.name).toBe(method.toUpperCase() + (route === undefined ? '' : ` ${String(route)}`))
  return span.name
}

describe.each(ROUTERS)('the route of a request, with @koa/router $major', ({ major, Router }) => {
  function wildcard(prefix = ''): string {
    return major >= 14 ? `${prefix}/*rest` : `${prefix}/(.*)`
  }

  it('has the prefix of its router', async () => {
    const router = new Router({ prefix: '/shops/:shop' }).get('/items/:item', answer)
    expect(await nameOf(traced(router.routes()), '/shops/1/items/2')).toBe('GET /shops/:shop/items/:item')
  })

  it('has a prefix that was set later', async () => {
    const router = new Router().get('/items/:item', answer)
    router.prefix('/v1')
    expect(await nameOf(traced(router.routes()), '/v1/items/2')).toBe('GET /v1/items/:item')
  })

  it('has the paths of all routers around it', async () => {
    const items = new Router({ prefix: '/items' }).get('/:item', answer)
    const shops = new Router({ prefix: '/shops' }).use('/:shop', pass, items.routes())
    const api = new Router({ prefix: '/api' }).use(shops.routes())
    expect(await nameOf(traced(api.routes()), '/api/shops/1/items/2')).toBe(
      'GET /api/shops/:shop/items/:item',
    )
  })

  it('is the path, not the name, of a named route', async () => {
    const router = new Router().get('user', '/users/:id', answer)
    expect(await nameOf(traced(router.routes()), '/users/7')).toBe('GET /users/:id')
  })

  it('is the one path of several that matched', async () => {
    const router = new Router().get(['/a/:x', '/b/:x'] as unknown as string, answer)
    expect(await nameOf(traced(router.routes()), '/b/1')).toBe('GET /b/:x')
  })

  it('is a regular expression as written', async () => {
    const router = new Router().get(/^\/files\/(\d+)$/i, answer)
    expect(await nameOf(traced(router.routes()), '/FILES/12')).toBe(String.raw`GET /^\/files\/(\d+)$/i`)
  })

  it('is a wildcard as written', async () => {
    const router = new Router().get(wildcard('/files'), answer)
    expect(await nameOf(traced(router.routes()), '/files/a/b')).toBe(`GET ${wildcard('/files')}`)
  })

  it('is the first of several that match when it answers', async () => {
    const router = new Router().get('/users/me', answer).get('/users/:id', answer)
    expect(await nameOf(traced(router.routes()), '/users/me')).toBe('GET /users/me')
  })

  it('is the last of several that ran', async () => {
    const router = new Router().get('/users/:id', pass).get('/:kind/:id', answer).get('/:a/:b', answer)
    expect(await nameOf(traced(router.routes()), '/users/7')).toBe('GET /:kind/:id')
  })

  it('is the named one of several that ran', async () => {
    const router = new Router()
      .get('/users/:id', pass)
      .get('named', '/users/:id', answer)
      .get('/:a/:b', answer)
    expect(await nameOf(traced(router.routes()), '/users/7')).toBe('GET /users/:id')
  })

  it('is the last of several routers that ran', async () => {
    const first = new Router().use(pass).get('/users/:id', pass)
    const other = new Router().get('/others', answer)
    const last = new Router({ prefix: '/users' }).use(pass).get('/:user', answer)
    expect(await nameOf(traced(first.routes(), other.routes(), last.routes()), '/users/7')).toBe(
      'GET /users/:user',
    )
  })

  it('is not hidden by middleware of the router before or after it', async () => {
    const router = new Router().use(pass).get('/users/:id', pass).use(answer)
    expect(await nameOf(traced(router.routes()), '/users/7')).toBe('GET /users/:id')
  })

  it('is the one that would have run when middleware of the router answers before it', async () => {
    const router = new Router()
      .use(pass)
      .use('/users', refuse)
      .get('/users/:id', answer)
      .get('/:kind/:id', answer)
    expect(await nameOf(traced(router.routes()), '/users/7')).toBe('GET /users/:id')
  })

  it('is found when it was added after the router was used', async () => {
    const router = new Router()
    const app = traced(router.routes())
    router.get('/early/:id', answer)
    const server = await serve(app)
    await request(server).get('/early/1').expect(200)
    router.get('/late/:id', answer)
    await request(server).get('/late/1').expect(200)

    await recorder.waitFor('GET /late/:id')
    expect(recorder.spans().map(span => span.name)).toEqual(['GET /early/:id', 'GET /late/:id'])
  })

  it('is found in composed stacks, and when one middleware is used twice', async () => {
    const router = new Router().get('/users/:id', pass, pass, answer)
    const stack = compose([pass, pass, compose([pass, router.routes()])])
    expect(await nameOf(traced(stack, pass), '/users/7')).toBe('GET /users/:id')
  })

  it.each(['head', 'post'] as const)('is found for %s', async method => {
    const router = new Router().all('/users/:id', answer)
    expect(await nameOf(traced(router.routes()), '/users/7', method)).toBe(
      `${method.toUpperCase()} /users/:id`,
    )
  })

  it('is the only one that ran in an exclusive router', async () => {
    const router = new Router({ exclusive: true })
    router.get('/:kind/:id', pass).get('/users/:id', answer)
    // Versions before 12 know no exclusive routers: both run.
    expect(await nameOf(traced(router.routes()), '/users/7')).toBe(
      major === 8 ? 'GET /:kind/:id' : 'GET /users/:id',
    )
  })

  it('is that of the router for the host', async () => {
    const here = new Router({ host: '127.0.0.1' }).get('/users/:here', pass)
    const there = new Router({ host: 'shop.test' }).get('/users/:there', answer)
    const open = new Router().get('/users/:id', answer)
    const name = await nameOf(traced(here.routes(), there.routes(), open.routes()), '/users/7')
    expect(name).toBe(major < 12 ? 'GET /users/:there' : 'GET /users/:id')
  })

  it('is that of a redirect', async () => {
    const router = new Router().redirect('/old/:id', 'https://shop.test/new')
    expect(await nameOf(traced(router.routes()), '/old/7')).toBe('GET /old/:id')
  })

  it('stays when the route lets others answer', async () => {
    const router = new Router().get('/users/:id', pass)
    expect(await nameOf(traced(router.routes(), pass), '/users/7')).toBe('GET /users/:id')
  })

  it('is found when the answer is an error', async () => {
    const router = new Router().get('/users/:id', ctx => ctx.throw(404))
    expect(await nameOf(traced(router.routes()), '/users/7')).toBe('GET /users/:id')
  })

  it('is absent where only middleware of the router matched', async () => {
    const router = new Router({ prefix: '/users' }).use(pass).get('/:id', answer)
    expect(await nameOf(traced(router.routes()), '/users/7/nothing')).toBe('GET')
  })

  it('is absent where only the method did not match', async () => {
    const router = new Router().get('/users/:id', answer)
    const app = () => traced(router.routes(), router.allowedMethods())
    expect(await nameOf(app(), '/users/7', 'post')).toBe('POST')
    await recorder.reset()
    expect(await nameOf(app(), '/users/7', 'options')).toBe('OPTIONS')
  })
})

describe.each(ROUTERS)('the route of a mounted request, with @koa/router $major', ({ Router }) => {
  function users(path = '/users/:id', ...handlers: Middleware[]) {
    const router = new Router()
    router.get(path, ...(handlers.length > 0 ? handlers : [answer]))
    return router.routes()
  }

  it('has the prefix of the mount', async () => {
    expect(await nameOf(traced(mount('/api', users())), '/api/users/7')).toBe('GET /api/users/:id')
  })

  it('has the prefix of a mounted app', async () => {
    const app = new Koa().use(pass).use(users('/'))
    expect(await nameOf(traced(mount('/api', app)), '/api')).toBe('GET /api')
  })

  it('has the prefixes of mounts within mounts', async () => {
    const inner = new Koa().use(mount('/v1', new Koa().use(users())))
    expect(await nameOf(traced(mount('/api', inner)), '/api/v1/users/7?v1=/users')).toBe(
      'GET /api/v1/users/:id',
    )
  })

  it('has the prefix once when the same word occurs in the rest of the path', async () => {
    expect(await nameOf(traced(mount('/users', users('/:a/:b'))), '/users/users/7')).toBe('GET /users/:a/:b')
  })

  it('has no prefix of a mount that was left', async () => {
    const app = traced(mount('/api', pass), users('/api/users/:id'))
    expect(await nameOf(app, '/api/users/7')).toBe('GET /api/users/:id')
  })

  it('has no prefix of a mount that was left even when the route would match after it too', async () => {
    const app = traced(mount('/api', pass), users('/:first/:second'))
    expect(await nameOf(app, '/api/users')).toBe('GET /:first/:second')
  })

  it('is in one span when tracing is used in the mounted app too', async () => {
    const app = new Koa()
    app.use(tracing()).use(users())
    expect(await nameOf(traced(mount('/api', app)), '/api/users/7')).toBe('GET /api/users/:id')
  })

  it('is known to tracing that is used in the mounted app alone', async () => {
    const mounted = new Koa()
    mounted.use(tracing()).use(users())
    const app = new Koa().use(mount('/api', mounted))
    expect(await nameOf(app, '/api/users/7')).toBe('GET /api/users/:id')
  })

  it('is absent when the mount has none', async () => {
    expect(await nameOf(traced(mount('/api', users())), '/api/nothing')).toBe('GET')
  })

  it('is absent for files and for files that are missing', async () => {
    const app = () => traced(mount('/files', serveStatic(__dirname)), users())
    expect(await nameOf(app(), '/files/routes.test.ts')).toBe('GET')
    await recorder.reset()
    expect(await nameOf(app(), '/files/missing.txt')).toBe('GET')
  })

  it('is made of mounts alone when a middleware rewrites the path before a mount', async () => {
    const tenants: Middleware = (ctx, next) => {
      ctx.path = ctx.path.replace(/^\/t-\w+/, '')
      return next()
    }
    const app = traced(tenants, mount('/api', new Koa().use(mount('/v1', users()))))
    expect(await nameOf(app, '/t-SECRET/api/v1/users/7')).toBe('GET /api/v1/users/:id')
  })

  it('is absent when a middleware rewrites the path between two mounts', async () => {
    const tenants: Middleware = (ctx, next) => {
      ctx.path = ctx.path.replace(/^\/t-\w+/, '')
      return next()
    }
    const app = traced(mount('/api', new Koa().use(tenants).use(mount('/v1', users()))))
    expect(await nameOf(app, '/api/t-SECRET/v1/users/7')).toBe('GET')
  })

  it('has the prefixes of the mounts around it when others were entered and left before', async () => {
    const inner = new Koa().use(mount('/v1', pass)).use(mount('/v1', users()))
    const app = traced(mount('/api', pass), mount('/api', inner))
    expect(await nameOf(app, '/api/v1/users/7')).toBe('GET /api/v1/users/:id')
  })

  it('leaves the path of the last mount where koa-mount has put it', async () => {
    let seen: unknown
    const look: Middleware = (ctx, next) => {
      seen = ctx['mountPath']
      return next()
    }
    await nameOf(traced(mount('/api', new Koa().use(mount('/v1', look)))), '/api/v1/users/7')
    expect(seen).toBe('/v1')
  })

  it('does not change when middleware rewrites the path', async () => {
    const tenants: Middleware = (ctx, next) => {
      ctx.path = ctx.path.replace(/^\/t\/\d+/, '')
      return next()
    }
    expect(await nameOf(traced(tenants, users()), '/t/12/users/7')).toBe('GET /users/:id')
  })
})

describe('a router that is not @koa/router', () => {
  it('is believed when it leaves the path of its route on the context', async () => {
    const other: Middleware = ctx => {
      Object.assign(ctx, { _matchedRoute: '/pages/:page' })
      ctx.body = 'ok'
    }
    expect(await nameOf(traced(other), '/pages/1')).toBe('GET /pages/:page')
  })

  it('cannot fail a request with the data it leaves there', async () => {
    const other: Middleware = ctx => {
      Object.assign(ctx, { _matchedRoute: '/pages/:page', matched: [null], mountPath: 7 })
      ctx.body = 'ok'
    }
    expect(await nameOf(traced(other), '/pages/1')).toBe('GET')
  })
})
