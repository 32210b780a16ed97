import { type Attributes, SpanKind } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import type { Application, Request, Response } from 'express'
import request from 'supertest'

import { tracing } from '@spanwright/express'

import { VERSIONS } from './versions.ts'

const recorder = recordTests()

const answer = (_req: Request, res: Response): void => void res.send('ok')

/** Name and route of the one span that a request makes. */
async function ask(app: Application, path: string): Promise<[string, Attributes[string]]> {
  await request(app).get(path)
  const span = await recorder.waitFor({ kind: SpanKind.SERVER })
  expect(recorder.spans()).toHaveLength(1)
  await recorder.reset()
  return [span.name, span.attributes['http.route']]
}

const named = (route: string): [string, string] => [`GET ${route}`, route]
const UNNAMED = ['GET', undefined]

describe.each(VERSIONS)('the route of a request in $name', ({ load, major }) => {
  const express = load()

  it('is the pattern of the route, not the path', async () => {
    const app = express().use(tracing())
    app.get('/users/:id', answer)
    app.get('/', answer)

    expect(await ask(app, '/users/7?x=/users/8')).toEqual(named('/users/:id'))
    expect(await ask(app, '/')).toEqual(named('/'))
  })

  it('begins with the pattern of the mount, parameters included', async () => {
    const app = express().use(tracing())
    const items = express.Router({ mergeParams: true }).get('/items/:item', answer).get('/', answer)
    const users = express.Router().use('/:id/things', items)
    app.use('/users/:id', items)
    app.use('/v1', users)

    expect(await ask(app, '/users/7/items/3')).toEqual(named('/users/:id/items/:item'))
    expect(await ask(app, '/users/users/items/items')).toEqual(named('/users/:id/items/:item'))
    expect(await ask(app, '/users/7')).toEqual(named('/users/:id'))
    expect(await ask(app, '/users/7/')).toEqual(named('/users/:id'))
    expect(await ask(app, '/v1/9/things/items/1')).toEqual(named('/v1/:id/things/items/:item'))
    expect(await ask(app, '/users/a%2Fb/items/%20')).toEqual(named('/users/:id/items/:item'))
  })

  it('is the one of several paths that matched', async () => {
    const app = express().use(tracing())
    const router = express.Router().get(['/x', '/y/:z'], answer)
    app.get(['/a', '/b/:c'], answer)
    app.use(['/m', '/n/:o'], router)

    expect(await ask(app, '/a')).toEqual(named('/a'))
    expect(await ask(app, '/b/1')).toEqual(named('/b/:c'))
    expect(await ask(app, '/m/x')).toEqual(named('/m/x'))
    expect(await ask(app, '/m/y/2')).toEqual(named('/m/y/:z'))
    expect(await ask(app, '/n/3/x')).toEqual(named('/n/:o/x'))
    expect(await ask(app, '/n/3/y/4')).toEqual(named('/n/:o/y/:z'))
  })

  it('is the place of the router that matched when it is mounted twice', async () => {
    const app = express().use(tracing())
    const router = express.Router().get('/x', answer)
    app.use('/first', router)
    app.use('/second/:id', router)

    expect(await ask(app, '/first/x')).toEqual(named('/first/x'))
    expect(await ask(app, '/second/2/x')).toEqual(named('/second/:id/x'))
  })

  it('has the prefix of each turn of a router that is mounted within itself', async () => {
    const app = express().use(tracing())
    const router = express.Router().get('/leaf/:id', answer)
    router.use('/sub/:n', router)
    app.use('/tree', router)

    expect(await ask(app, '/tree/leaf/1')).toEqual(named('/tree/leaf/:id'))
    expect(await ask(app, '/tree/sub/1/leaf/2')).toEqual(named('/tree/sub/:n/leaf/:id'))
    expect(await ask(app, '/tree/sub/1/sub/2/leaf/3')).toEqual(named('/tree/sub/:n/sub/:n/leaf/:id'))
    // So that the number of names stays small, whatever clients ask for.
    const deep = `/tree${'/sub/1'.repeat(9)}/leaf/2`
    expect(await ask(app, deep)).toEqual(UNNAMED)
  })

  it('reports a regular expression as written', async () => {
    const app = express().use(tracing())
    app.get(/^\/re\/(\d+)$/, answer)
    app.use('/m', express.Router().get(/^\/(?:a|b)$/, answer))

    expect(await ask(app, '/re/12')).toEqual(named(String.raw`/^\/re\/(\d+)$/`))
    expect(await ask(app, '/m/b')).toEqual(named(String.raw`/m/^\/(?:a|b)$/`))
  })

  it('reports a wildcard as written', async () => {
    const app = express().use(tracing())
    const wildcard = major === 4 ? '/files/*' : '/files/*path'
    app.get(wildcard, answer)
    app.use('/deep/:id', express.Router().get(wildcard, answer))

    expect(await ask(app, '/files/a/b.txt')).toEqual(named(wildcard))
    expect(await ask(app, '/deep/1/files/x')).toEqual(named(`/deep/:id${wildcard}`))
  })

  it('is the last one that matched before the answer', async () => {
    const app = express().use(tracing())
    app.get('/skip/:id', (_req, _res, next) => next('route'), answer)
    app.get('/skip/:other', answer)
    const router = express.Router()
    router.get('/leave', (_req, _res, next) => next('router'))
    router.get('/leave', answer)
    app.use('/r', router)
    app.get('/r/:rest', answer)
    app.get('/sent', (req, res, next) => {
      answer(req, res)
      next()
    })
    app.get(/.*/, (_req, res) => {
      if (!res.headersSent) res.status(404).send('none')
    })

    expect(await ask(app, '/skip/1')).toEqual(named('/skip/:other'))
    expect(await ask(app, '/r/leave')).toEqual(named('/r/:rest'))
    expect(await ask(app, '/sent')).toEqual(named('/sent'))
  })

  it('is kept when a handler calls next after it has answered', async () => {
    const app = express().use(tracing())
    app.use(
      '/m/:id',
      express.Router().get('/sent', (req, res, next) => {
        answer(req, res)
        next()
      }),
    )

    expect(await ask(app, '/m/1/sent')).toEqual(named('/m/:id/sent'))
  })

  it('is found for app.route, several handlers, router.param and all methods', async () => {
    const app = express().use(tracing())
    app.param('id', (_req, _res, next) => setImmediate(next))
    app.route('/chain/:id').get((_req, _res, next) => next(), answer)
    app.all('/every/:id', answer)

    expect(await ask(app, '/chain/1')).toEqual(named('/chain/:id'))
    expect(await ask(app, '/every/1')).toEqual(named('/every/:id'))
  })

  it('goes through mounted apps', async () => {
    const app = express().use(tracing())
    const inner = express()
    const innermost = express()
    innermost.get('/leaf/:c', answer)
    inner.use('/inner/:b', innermost)
    inner.get('/own', answer)
    app.use('/outer/:a', inner)

    expect(await ask(app, '/outer/1/inner/2/leaf/3')).toEqual(named('/outer/:a/inner/:b/leaf/:c'))
    expect(await ask(app, '/outer/1/own')).toEqual(named('/outer/:a/own'))
  })

  it('is known to a mounted app that traces itself', async () => {
    const app = express()
    const inner = express().use(tracing())
    inner.use('/m/:b', express.Router().get('/leaf/:c', answer))
    app.use('/outer/:a', inner)

    expect(await ask(app, '/outer/1/m/2/leaf/3')).toEqual(named('/outer/:a/m/:b/leaf/:c'))
  })

  it('is known to a router that traces itself', async () => {
    const app = express()
    const router = express.Router().use(tracing()).get('/leaf/:c', answer)
    app.use('/outer/:a', router)

    expect(await ask(app, '/outer/1/leaf/3')).toEqual(named('/outer/:a/leaf/:c'))
  })

  it('is found when routes and routers are added later', async () => {
    const app = express().use(tracing())
    const router = express.Router()
    app.use('/r/:id', router)
    expect(await ask(app, '/late')).toEqual(UNNAMED)

    app.get('/late', answer)
    router.get('/late/:x', answer)
    app.use('/second', router)

    expect(await ask(app, '/late')).toEqual(named('/late'))
    expect(await ask(app, '/r/1/late/2')).toEqual(named('/r/:id/late/:x'))
    expect(await ask(app, '/second/late/2')).toEqual(named('/second/late/:x'))
  })

  it('is found behind a function that hides its router', async () => {
    const app = express().use(tracing())
    const hidden = express.Router().get('/leaf/:c', answer)
    app.use('/outer/:a', (req, res, next) => hidden(req, res, next))

    expect(await ask(app, '/outer/1/leaf/3')).toEqual(named('/outer/:a/leaf/:c'))
  })

  it('is the pattern when a middleware rewrites the URL', async () => {
    const app = express().use(tracing())
    app.use((req, _res, next) => {
      req.url = req.url.replace('/old', '/new')
      next()
    })
    app.use(['/new/:id', '/other'], express.Router().get('/x', answer))

    expect(await ask(app, '/old/1/x')).toEqual(named('/new/:id/x'))
  })

  it('does not exist when no route matches, nor under a mount or a static folder', async () => {
    const app = express().use(tracing())
    app.use('/static', express.static(__dirname))
    app.use('/api/:id', express.Router().get('/x', answer))
    app.post('/posted', answer)

    expect(await ask(app, '/nothing')).toEqual(UNNAMED)
    expect(await ask(app, '/static/nothing')).toEqual(UNNAMED)
    expect(await ask(app, '/api/1/nothing')).toEqual(UNNAMED)
    expect(await ask(app, '/posted')).toEqual(UNNAMED)
  })

  it('is not confused by the names of functions', async () => {
    const app = express().use(tracing())
    function router(_req: Request, _res: Response, next: () => void): void {
      next()
    }
    function handle(req: Request, res: Response): void {
      answer(req, res)
    }
    app.use('/x', router)
    app.get('/x/:y', router, handle)

    expect(await ask(app, '/x/1')).toEqual(named('/x/:y'))
  })

  it('has the spelling of the pattern, whatever the case of the path', async () => {
    const app = express().use(tracing())
    app.use('/Shop/:id', express.Router().get('/Items', answer))

    expect(await ask(app, '/Shop/1/Items')).toEqual(named('/Shop/:id/Items'))
    expect(await ask(app, '/sHoP/1/iTEMS')).toEqual(named('/Shop/:id/Items'))
  })
})
