import { EventEmitter } from 'node:events'
import type { RequestListener } from 'node:http'
import { Readable } from 'node:stream'

import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import Router from '@koa/router'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { requestsInFlight } from '@spanwright/core'
import { type ExpressTracingOptions, tracing as traceExpress } from '@spanwright/express'
import { type KoaTracingOptions, tracing as traceKoa } from '@spanwright/koa'
import { recordSpans, type SpanRecorder } from '@spanwright/testing'
import express from 'express'
import Koa from 'koa'

import { breaking, broken, type HostileOptions } from './faults.ts'
import { testEveryFault } from './outcome.ts'
import { serve } from '@spanwright/test-kit'

import { ask } from './requests.ts'

type Options = ExpressTracingOptions & KoaTracingOptions

function expressApp(options: Options | undefined): RequestListener {
  const app = express().disable('x-powered-by').set('etag', false)
  if (options) app.use(traceExpress(options))
  app.use((_req, res, next) => {
    requestsInFlight()
    res.setHeader('x-from', 'app')
    next()
  })
  app.get('/items/:id', (req, res) => void res.json({ id: req.params.id }))
  app.get('/stream', (_req, res) => void Readable.from(['a', 'b']).pipe(res))
  app.get('/twice', (_req, res, next) => {
    res.send('once')
    next()
  })
  app.get('/gone', (_req, res) => void res.destroy())
  app.post('/echo', (req, res) => void req.pipe(res))
  app.use('/fail', (_req, _res, next) => next(Object.assign(new Error('no'), { status: 503 })))
  app.use((error: { status?: number }, _req: unknown, res: express.Response, _next: unknown) => {
    res.status(error.status ?? 500).send('failed')
  })
  return app
}

function koaApp(options: Options | undefined): RequestListener {
  const app = new Koa()
  app.silent = true
  if (options) app.use(traceKoa(options))
  app.use(async (ctx, next) => {
    requestsInFlight()
    ctx.set('x-from', 'app')
    await next()
  })
  const router = new Router()
  router.get('/items/:id', ctx => void (ctx.body = { id: ctx.params['id'] }))
  router.get('/stream', ctx => void (ctx.body = Readable.from(['a', 'b'])))
  router.get('/gone', ctx => void ctx.res.destroy())
  router.post('/echo', ctx => void (ctx.body = ctx.req))
  router.get('/fail', ctx => ctx.throw(503, 'no'))
  app.use(router.routes())
  const listener = app.callback()
  return (req, res) => void listener(req, res)
}

const FRAMEWORKS = [
  ['Express', expressApp],
  ['Koa', koaApp],
] as const

/** Options that use every part of a server plugin. */
const BUSY: Options = {
  expose: 'server-timing',
  stages: true,
  layers: 'spans',
  captureHeaders: { request: ['accept'], response: ['x-from'] },
  recordExceptions: true,
}

const METRICS = { activeRequests: true, bodySizes: true }

function withMetrics(options: HostileOptions): Options {
  return { ...options, metrics: { ...METRICS, ...options.metrics } }
}

async function answersOf(listener: RequestListener): Promise<unknown> {
  await using served = await serve(listener)
  const { port } = served
  const answers: unknown[] = []
  for (const path of ['/items/7?token=1', '/stream', '/twice', '/fail', '/gone', '/nowhere']) {
    answers.push(await ask(port, 'GET', path))
  }
  answers.push(await ask(port, 'POST', '/echo', 'hello'), await ask(port, 'HEAD', '/items/7'))
  return answers
}

describe.each(FRAMEWORKS)('%s', (_name, appOf) => {
  testEveryFault('an app with all options', options =>
    answersOf(appOf(options && { ...BUSY, ...withMetrics(options) })),
  )
  testEveryFault('an app with events for its layers', options =>
    answersOf(
      appOf(options && { ...withMetrics(options), layers: 'events', layerThreshold: 1e-9, parent: 'link' }),
    ),
  )
})

/** Objects in place of requests and responses, as test tools and adapters of other protocols pass them. */
const IMPOSTORS: readonly (readonly [string, () => readonly [req: unknown, res: unknown]])[] = [
  ['two plain objects', () => [{}, {}]],
  ['nothing', () => [undefined, undefined]],
  ['a response that is a plain object', () => [{ headers: {}, method: 'GET', url: '/' }, {}]],
  ['a response without methods', () => [{ headers: {}, method: 'GET', url: '/' }, new EventEmitter()]],
  ['a response that does nothing', () => [{ headers: {} }, { on() {}, prependListener() {} }]],
  ['a request without properties', () => [{}, new EventEmitter()]],
  ['frozen objects', () => [Object.freeze({ headers: {} }), Object.freeze(new EventEmitter())]],
  ['objects that throw', () => [broken, broken]],
  ['headers that throw', () => [Object.defineProperty({}, 'headers', { get: breaking }), new EventEmitter()]],
  [
    'an HTTP/2 request without a stream',
    () => [{ headers: {}, httpVersion: '2.0', method: 'GET' }, new EventEmitter()],
  ],
]

describe('a request that was not created by Node', () => {
  let recorder: SpanRecorder
  beforeAll(() => {
    recorder = recordSpans({ global: true })
  })
  afterAll(async () => recorder.stop())

  /** Options that read every property. */
  const tracerProvider = new BasicTracerProvider()
  const options: Options = { ...BUSY, metrics: METRICS, onStart: () => undefined, tracerProvider }

  describe.each(IMPOSTORS)('(%s)', (_name, make) => {
    it('gets through the tracing of Express', () => {
      const [req, res] = make()
      let calls = 0
      traceExpress(options)(req as express.Request, res as express.Response, () => void calls++)
      expect(calls).toBe(1)
      if (res !== broken && res instanceof EventEmitter) res.emit('close')
      expect(requestsInFlight()).toEqual([])
    })

    it('gets through the tracing of Koa', async () => {
      const [req, res] = make()
      const ctx = { req, res, request: req, response: res, app: {} } as unknown as Koa.Context
      expect(await traceKoa(options)(ctx as never, () => Promise.resolve('next'))).toBe('next')
      if (res !== broken && res instanceof EventEmitter) res.emit('close')
      expect(requestsInFlight()).toEqual([])
    })
  })

  it('gets through the tracing of Koa without a response', async () => {
    const ctx = { websocket: {}, path: '/' } as unknown as Koa.Context
    expect(await traceKoa(options)(ctx as never, () => Promise.resolve('next'))).toBe('next')
    expect(requestsInFlight()).toEqual([])
  })

  it('has a span when it has headers and events', async () => {
    await recorder.reset()
    const req = { headers: { host: 'shop' }, method: 'GET', url: '/items', originalUrl: '/items' }
    const res = Object.assign(new EventEmitter(), {
      statusCode: 200,
      headersSent: true,
      writableFinished: true,
    })
    traceExpress()(req as express.Request, res as unknown as express.Response, () => undefined)
    res.emit('close')
    expect(recorder.spans()).toHaveLength(1)
    expect(recorder.spans()[0]).toMatchObject({
      name: 'GET',
      kind: SpanKind.SERVER,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'url.path': '/items',
        'url.scheme': 'http',
        'server.address': 'shop',
      },
      events: [],
    })
  })
})
