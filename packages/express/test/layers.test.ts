import { context, createContextKey, propagation, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { withSpan } from '@spanwright/core'
import { suppressTracing } from '@spanwright/core/plugin'
import { type SpanNode } from '@spanwright/testing'
import type { ErrorRequestHandler, RequestHandler } from 'express'
import request from 'supertest'

import { tracing } from '@spanwright/express'

import { NEWEST, VERSIONS } from './versions.ts'

const recorder = recordTests()

const SERVER = { kind: SpanKind.SERVER }

/** Names of a tree of spans, as an outline. */
function outline(nodes: readonly SpanNode[], indent = ''): string[] {
  return nodes.flatMap(({ span, children }) => [indent + span.name, ...outline(children, `${indent}  `)])
}

const auth: RequestHandler = (_req, _res, next) => {
  setImmediate(() => withSpan('look up', () => next()))
}
const quick: RequestHandler = (_req, _res, next) => next()
const getUser: RequestHandler = (_req, res) => {
  withSpan('query', () => res.send('ok'))
}
const fail: RequestHandler = () => {
  throw new RangeError('no')
}
const onError: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(422).send('handled')

describe.each(VERSIONS)('with layers as spans, $name', ({ load }) => {
  const express = load()

  it('makes a span for each middleware, handler and error handler, with what they do beneath', async () => {
    const app = express().use(tracing({ layers: 'spans', ignoreLayers: ['quick'] }))
    app.use(auth, quick)
    const router = express.Router().get('/:id', quick, getUser)
    app.use('/users', router)
    app.get('/broken', fail)
    app.use(onError)
    await request(app).get('/users/7').expect(200)
    await recorder.waitFor(SERVER)

    expect(outline(recorder.tree())).toEqual([
      'GET /users/:id',
      '  middleware auth',
      '    look up',
      '  handler getUser',
      '    query',
    ])
    expect(recorder.find('handler getUser')).toMatchObject({
      kind: SpanKind.INTERNAL,
      status: { code: SpanStatusCode.UNSET },
      attributes: { 'spanwright.layer.kind': 'handler', 'spanwright.layer.name': 'getUser' },
    })
    expect(recorder.open()).toEqual([])
    await recorder.reset()

    await request(app).get('/broken').expect(422)
    await recorder.waitFor(SERVER)
    expect(outline(recorder.tree())).toEqual([
      'GET /broken',
      '  middleware auth',
      '    look up',
      '  handler fail',
      '  error handler onError',
    ])
    expect(recorder.find('handler fail')).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'no' },
      attributes: { 'error.type': 'RangeError' },
    })
    expect(recorder.find('GET /broken')?.events.map(({ name }) => name)).toEqual(['exception'])
  })

  it('shows those of mounted apps, and none twice', async () => {
    const inner = express().use(tracing({ layers: 'spans' }))
    inner.get('/:id', getUser)
    const app = express()
      .use(tracing({ layers: 'spans' }))
      .use('/inner', inner)
    await request(app).get('/inner/7').expect(200)
    await recorder.waitFor(SERVER)

    const shown = recorder.spans().filter(({ name }) => name === 'handler getUser')
    expect(shown).toHaveLength(1)
  })

  it('keeps the functions and their arguments unchanged', async () => {
    const app = express().use(tracing({ layers: 'spans' }))
    const seen: unknown[] = []
    const note = Object.assign(
      function note(this: unknown, ...args: Parameters<RequestHandler>): void {
        seen.push(args.length, typeof args[2])
        args[2]()
      },
      { extra: 1 },
    )
    app.use((req, res, next) => note(req, res, next))
    app.get('/skip', (_req, _res, next) => next('route'), fail)
    app.get('/skip', getUser)
    await request(app).get('/skip').expect(200, 'ok')
    await recorder.waitFor(SERVER)

    expect(seen).toEqual([3, 'function'])
    expect(recorder.spans().filter(({ status }) => status.code === SpanStatusCode.ERROR)).toEqual([])
  })
})

describe.each(VERSIONS)('what a handler sees with layers as spans, in $name', ({ load }) => {
  const express = load()
  const KEY = createContextKey('tenant')

  it('is the context that the middleware before it has set up, but for the span', async () => {
    const app = express().use(tracing({ layers: 'spans' }))
    app.use(function setTenant(_req, _res, next) {
      const baggage = propagation.createBaggage({ tenant: { value: 'blue' } })
      const inner = propagation.setBaggage(context.active().setValue(KEY, 'blue'), baggage)
      context.with(inner, next)
    })
    let seen: unknown
    app.get('/x', function readTenant(_req, res) {
      const tenant = propagation.getActiveBaggage()?.getEntry('tenant')?.value
      seen = [context.active().getValue(KEY), tenant]
      res.send('ok')
    })
    await request(app).get('/x').expect(200)
    await recorder.waitFor(SERVER)

    expect(seen).toEqual(['blue', 'blue'])
    expect(outline(recorder.tree())).toEqual(['GET /x', '  middleware setTenant', '  handler readTenant'])
  })

  it('is not traced further when a middleware has suppressed tracing', async () => {
    const app = express().use(tracing({ layers: 'spans' }))
    app.use(function quiet(_req, _res, next) {
      context.with(suppressTracing(context.active()), next)
    })
    app.get('/x', getUser)
    await request(app).get('/x').expect(200)
    await recorder.waitFor(SERVER)

    expect(outline(recorder.tree())).toEqual(['GET /x', '  middleware quiet'])
  })

  it('is one next: req.next is the one it receives', async () => {
    const app = express().use(tracing({ layers: 'spans' }))
    const seen: boolean[] = []
    const look: RequestHandler = (req, _res, next) => {
      seen.push(req.next === next)
      next()
    }
    app.use(look, look)
    app.use('/m', express.Router().use(look).get('/x', getUser))
    await request(app).get('/m/x').expect(200)
    await recorder.waitFor(SERVER)

    expect(seen).toEqual([true, true, true])
    expect(recorder.find('handler getUser')?.events).toEqual([])
  })

  it('ends a layer that passes its error by the next of the request', async () => {
    const app = express().set('env', 'test')
    app.use(tracing({ layers: 'spans' }))
    app.get('/:way', function passOn(req) {
      req.next?.(new RangeError('no'))
    })
    app.use(onError)
    await request(app).get('/x').expect(422, 'handled')
    await recorder.waitFor(SERVER)

    expect(outline(recorder.tree())).toEqual(['GET /:way', '  handler passOn', '  error handler onError'])
    expect(recorder.find('handler passOn')).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: 'no' },
      attributes: { 'error.type': 'RangeError' },
    })
    expect(recorder.open()).toEqual([])
  })
})

describe.each(NEWEST)('with layers as events, $name', ({ load }) => {
  const express = load()

  it('reports only the slow ones, without the time of later layers', async () => {
    const app = express().use(tracing({ layers: 'events', layerThreshold: 20 }))
    const slow: RequestHandler = (_req, _res, next) => void setTimeout(next, 40)
    app.use(quick, slow, quick)
    app.get('/x', getUser)
    await request(app).get('/x').expect(200)
    const span = await recorder.waitFor(SERVER)

    expect(recorder.spans().map(({ name }) => name)).toEqual(['query', 'GET /x'])
    expect(span.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        'spanwright.layer.slow',
        {
          'spanwright.layer.kind': 'middleware',
          'spanwright.layer.name': 'slow',
          'spanwright.layer.duration': expect.any(Number),
        },
      ],
    ])
  })

  it('reports a handler that calls next twice', async () => {
    const app = express().use(tracing({ layers: 'events', layerThreshold: 1000 }))
    app.use(function twice(_req, _res, next) {
      next()
      next()
    })
    app.get('/x', getUser)
    await request(app).get('/x').expect(200)
    const span = await recorder.waitFor(SERVER)

    expect(span.events.map(({ name }) => name)).toContain('spanwright.next_called_twice')
  })
})

describe.each(VERSIONS)('without layers, $name', ({ load }) => {
  const express = load()

  it('reports next being called after the response started', async () => {
    const app = express().use(tracing())
    app.get('/x', (_req, res, next) => {
      res.send('ok')
      next()
    })
    app.get('/fine', auth, getUser)
    await request(app).get('/x').expect(200)
    const span = await recorder.waitFor(SERVER)
    expect(span.events.map(({ name }) => name)).toEqual(['spanwright.next_after_response'])
    await recorder.reset()

    await request(app).get('/fine').expect(200)
    expect((await recorder.waitFor(SERVER)).events).toEqual([])
    await recorder.reset()
    await request(app).get('/none').expect(404)
    expect((await recorder.waitFor(SERVER)).events).toEqual([])
  })

  it('hooks no layer that handles requests', async () => {
    const app = express().use(tracing())
    app.use(quick)
    app.get('/x', getUser)
    await request(app).get('/x').expect(200)
    await recorder.waitFor(SERVER)

    const { stack } = (Reflect.get(app, '_router') ?? app.router) as { stack: object[] }
    const hooked = stack
      .slice(0, -1)
      .filter(layer =>
        ['handle_request', 'handleRequest', 'handle_error', 'handleError'].some(name =>
          Object.hasOwn(layer, name),
        ),
      )
    expect(hooked).toEqual([])
  })
})
