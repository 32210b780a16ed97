import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import type { Application, ErrorRequestHandler, Request, RequestHandler, Response } from 'express'
import request from 'supertest'

import { tracing } from '@spanwright/express'

import { VERSIONS } from './versions.ts'

const recorder = recordTests()

const answer = (_req: Request, res: Response): void => void res.send('ok')
const fail: RequestHandler = () => {
  throw new RangeError('no')
}
const onError: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(503).send('handled')

/** The route of the only span of a request; its name must match. */
async function routeOf(app: Application, path: string): Promise<Attributes[string]> {
  await request(app).get(path)
  const span = await recorder.waitFor({ kind: SpanKind.SERVER })
  expect(recorder.spans()).toHaveLength(1)
  await recorder.reset()
  const route = span.attributes['http.route']
  expect(span.name).toBe(typeof route === 'string' ? `GET ${route}` : 'GET')
  return route
}

describe.each(VERSIONS)('a router that a function hides, in $name', ({ load }) => {
  const express = load()
  const silent = (): Application => express().set('env', 'test')

  it('has its whole pattern even when its error is answered outside of it', async () => {
    const app = silent().use(tracing())
    const hidden = express.Router().get('/boom/:id', fail)
    app.use('/a/:x', (req, res, next) => hidden(req, res, next))

    expect(await routeOf(app, '/a/1/boom/2')).toBe('/a/:x/boom/:id')
    app.use(onError)
    expect(await routeOf(app, '/a/1/boom/2')).toBe('/a/:x/boom/:id')
  })

  it('has no route when only a part of the pattern is known', async () => {
    const app = silent().use(tracing())
    const inner = express.Router().get('/leaf/:c', answer).get('/boom/:id', fail)
    const hidden = express.Router().use('/in/:b', inner)
    app.use('/a/:x', (req, res, next) => hidden(req, res, next))

    expect(await routeOf(app, '/a/1/in/2/leaf/3')).toBeUndefined()
    expect(await routeOf(app, '/a/1/in/2/boom/3')).toBeUndefined()
  })

  it('is distinguished from a visible mount of the same router', async () => {
    const app = silent().use(tracing())
    const users = express
      .Router()
      .get('/u/:id', answer)
      .get(['/list', '/list/:page'], answer)
      .get('/boom/:id', fail)
    app.use('/public', users)
    app.use('/admin', (req, res, next) => users(req, res, next))

    expect(await routeOf(app, '/admin/u/1')).toBe('/admin/u/:id')
    expect(await routeOf(app, '/admin/list/2')).toBe('/admin/list/:page')
    expect(await routeOf(app, '/admin/boom/1')).toBe('/admin/boom/:id')
    expect(await routeOf(app, '/public/u/1')).toBe('/public/u/:id')
    expect(await routeOf(app, '/public/boom/1')).toBe('/public/boom/:id')
  })

  it('keeps its pattern when an error handler of an outer router answers', async () => {
    const app = silent().use(tracing())
    const inner = express.Router().get('/boom/:id', fail)
    const outer = express.Router().use('/b/:y', inner).use(onError)
    app.use('/a/:x', outer)

    expect(await routeOf(app, '/a/1/b/2/boom/3')).toBe('/a/:x/b/:y/boom/:id')
  })

  it('is named by the path of the request after a middleware has restored the whole URL', async () => {
    const app = silent().use(tracing())
    const router = express.Router()
    router.use((req, _res, next) => {
      req.url = req.originalUrl
      next()
    })
    router.get('/-/web/:name', answer)
    app.use('/-/web', router)

    expect(await routeOf(app, '/-/web/tool?x=1')).toBe('/-/web/:name')
  })

  it.each(['', '/inner'])(
    'is named so too when what comes after the mounts answers, behind "%s"',
    async mount => {
      const app = silent().use(tracing())
      const router = express.Router()
      router.use((req, _res, next) => {
        req.url = req.originalUrl
        next()
      })
      router.get(`/-/web${mount}/:name`, (_req, _res, next) => next())
      app.use('/-/web', express.Router().use(mount || '/', router))
      app.use(answer)

      expect(await routeOf(app, `/-/web${mount}/tool?x=1`)).toBe(`/-/web${mount}/:name`)
    },
  )

  it('is named by the path that a middleware has put a prefix in front of', async () => {
    const app = silent().use(tracing())
    app.use((req, _res, next) => {
      req.url = `/v1${req.url}`
      next()
    })
    app.use('/v1', express.Router().get('/web/:name', answer))

    expect(await routeOf(app, '/web/tool')).toBe('/v1/web/:name')
  })

  it('does not give its pattern to a middleware that answers later at another path', async () => {
    const app = silent().use(tracing())
    app.get('/x/{*rest}'.replace('{*rest}', ':rest'), (_req, _res, next) => next())
    app.use('/x', answer)

    expect(await routeOf(app, '/x/1')).toBe('/x')
  })
})

describe.each(VERSIONS)('a function mounted at a path, in $name', ({ load }) => {
  const express = load()

  it('gives its path to the requests that it answers', async () => {
    const app = express().use(tracing())
    app.use('/graphql', answer)
    app.use('/tenants/:tenant/health', answer)
    app.use('/v1', express.Router().use('/ping', answer))
    app.use('/static', express.static(__dirname))

    expect(await routeOf(app, '/graphql')).toBe('/graphql')
    expect(await routeOf(app, '/graphql/')).toBe('/graphql')
    expect(await routeOf(app, '/graphql/anything?x')).toBe('/graphql')
    expect(await routeOf(app, '/tenants/7/health')).toBe('/tenants/:tenant/health')
    expect(await routeOf(app, '/v1/ping')).toBe('/v1/ping')
    expect(await routeOf(app, '/static/versions.ts')).toBe('/static')
  })

  it('gives none to unknown paths', async () => {
    const app = express().use(tracing())
    const none: RequestHandler = (_req, res) => void res.status(404).json({})
    app.use('/api', none)
    const router = express.Router()
    const wildcard = 'lazyrouter' in app ? '*' : '*path'
    router.get('/known', none).all(wildcard, none)
    app.use('/v2', router)
    app.get(/.*/, none)

    expect(await routeOf(app, '/api/unknown')).toBeUndefined()
    expect(await routeOf(app, '/v2/known')).toBe('/v2/known')
    expect(await routeOf(app, '/v2/unknown')).toBeUndefined()
    expect(await routeOf(app, '/unknown')).toBeUndefined()
  })

  it('gives none to those that it passes on, nor to those of a router at the same path', async () => {
    const app = express().use(tracing())
    const pass: RequestHandler = (_req, _res, next) => next()
    const deny: RequestHandler = (_req, res) => void res.status(401).send('no')
    app.use('/passed', pass)
    app.use('/api', pass, express.Router().use(deny))
    app.use('/empty', express.Router())
    app.use(answer)

    expect(await routeOf(app, '/passed/1')).toBeUndefined()
    expect(await routeOf(app, '/api/secret')).toBeUndefined()
    expect(await routeOf(app, '/empty/1')).toBeUndefined()
  })
})

describe.each(VERSIONS)('an app with its own tracing() that another one calls, in $name', ({ load }) => {
  const express = load()

  it('is traced like a separate app: nested routes, and errors that it handles', async () => {
    const inner = express().set('env', 'test').use(tracing())
    inner.use('/in/:b', express.Router().get('/leaf/:c', answer).get('/boom/:id', fail))
    inner.use(onError)
    const app = express().set('env', 'test').use(tracing())
    app.use('/tenants/:a', (req, res, next) => inner(req, res, next))
    app.get('/own/:x', answer)

    expect(await routeOf(app, '/tenants/1/in/2/leaf/3')).toBe('/tenants/:a/in/:b/leaf/:c')
    expect(await routeOf(app, '/own/1')).toBe('/own/:x')

    await request(app).get('/tenants/1/in/2/boom/3').expect(503)
    const span = await recorder.waitFor({ kind: SpanKind.SERVER })
    expect(span.name).toBe('GET /tenants/:a/in/:b/boom/:id')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' })
    expect(span.attributes).toMatchObject({ 'error.type': 'RangeError', 'http.response.status_code': 503 })
    expect(span.events.map(({ name }) => name)).toEqual(['exception'])
  })

  it('does not change the routes of the other one when it passes a request on', async () => {
    const inner = express().use(tracing()).get('/inner/:id', answer)
    const app = express().use(tracing())
    app.use((req, res, next) => inner(req, res, next))
    app.use('/m/:b', express.Router().get('/outer/:id', answer))

    expect(await routeOf(app, '/inner/1')).toBe('/inner/:id')
    expect(await routeOf(app, '/m/1/outer/2')).toBe('/m/:b/outer/:id')
  })
})
