import Router from '@koa/router'
import { describe, expect, it } from '@jest/globals'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type Koa from 'koa'
import type { Context, Next } from 'koa'
import request from 'supertest'

import { type KoaTracingOptions, tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { openRequest, serve } from './service.ts'
import { KOAS } from './versions.ts'

/** Keeps the thread busy, as real work does: a timer would look like waiting for others. */
function work(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

describe.each(KOAS)('the layers of an app, $name', ({ Koa: AnyKoa }) => {
  function shop(options: KoaTracingOptions): Koa {
    const app = new AnyKoa()
    app.silent = true
    const router = new Router({ prefix: '/shop' })
    router.use(async function authorize(_ctx: Context, next: Next) {
      await next()
    })
    router.param('id', (_id, _ctx, next) => next())
    router.get('/users/:id', async ctx => {
      work(Number(ctx.query['work'] ?? 0))
      await Promise.resolve()
      ctx.body = trace.getActiveSpan()?.spanContext().spanId
    })
    router.get('/fail', function fail() {
      throw new TypeError('out of luck')
    })
    router.get('/refuse', function refuse(ctx) {
      ctx.throw(403)
    })
    app.use(async function before(_ctx, next) {
      await next()
    })
    app.use(tracing(options))
    app.use(async function timing(_ctx, next) {
      await next()
    })
    app.use((_ctx, next) => next())
    app.use(router.routes())
    return app
  }

  function tree() {
    const [root] = recorder.tree()
    const shapeOf = (node: typeof root): unknown =>
      node && [node.span.name, ...node.children.map(child => shapeOf(child))]
    return shapeOf(root)
  }

  it('are not reported by default', async () => {
    await request(await serve(shop({})))
      .get('/shop/users/7')
      .expect(200)
    const span = await recorder.waitFor('GET /shop/users/:id')
    expect(recorder.spans()).toEqual([span])
    expect(span.events).toEqual([])
  })

  it('are nested spans when enabled', async () => {
    const answer = await request(await serve(shop({ layers: 'spans' })))
      .get('/shop/users/7')
      .expect(200)

    await recorder.waitFor('GET /shop/users/:id')
    expect(tree()).toEqual([
      'GET /shop/users/:id',
      [
        'middleware timing',
        [
          'middleware anonymous',
          ['middleware authorize', ['middleware param id', ['handler /shop/users/:id']]],
        ],
      ],
    ])
    const handler = recorder.find('handler /shop/users/:id')
    expect(handler).toMatchObject({
      kind: SpanKind.INTERNAL,
      status: { code: SpanStatusCode.UNSET },
      events: [],
      attributes: {
        'spanwright.layer.kind': 'handler',
        'spanwright.layer.name': '/shop/users/:id',
      },
    })
    expect(answer.text).toBe(handler?.spanContext().spanId)
    expect(recorder.open()).toEqual([])
  })

  it('are the same in the second request, and for routes that were added after the first', async () => {
    const app = shop({ layers: 'spans' })
    const server = await serve(app)
    await request(server).get('/shop/fail').expect(500)
    const before = await recorder.waitFor('GET /shop/fail')
    await recorder.reset()
    await request(server).get('/shop/fail').expect(500)
    const after = await recorder.waitFor('GET /shop/fail')

    expect(after.spanContext().traceId).not.toBe(before.spanContext().traceId)
    expect(tree()).toEqual([
      'GET /shop/fail',
      ['middleware timing', ['middleware anonymous', ['middleware authorize', ['handler fail']]]],
    ])
  })

  it('show what they threw by status and type, and leave the event to the server span', async () => {
    await request(await serve(shop({ layers: 'spans' })))
      .get('/shop/fail')
      .expect(500)

    const server = await recorder.waitFor('GET /shop/fail')
    expect(server.events.map(event => event.name)).toEqual(['exception'])
    const layers = recorder.spans().filter(span => span.kind === SpanKind.INTERNAL)
    expect(layers).toHaveLength(4)
    for (const layer of layers) {
      expect(layer.status).toEqual({ code: SpanStatusCode.ERROR, message: 'out of luck' })
      expect(layer.attributes).toMatchObject({ 'error.type': 'TypeError' })
      expect(layer.events).toEqual([])
    }
  })

  it("aren't errors when they threw an error intended for the client", async () => {
    await request(await serve(shop({ layers: 'spans' })))
      .get('/shop/refuse')
      .expect(403)
    await recorder.waitFor('GET /shop/refuse')
    expect(recorder.find('handler refuse')?.status).toEqual({ code: SpanStatusCode.UNSET })
  })

  it('have neither span nor event when their name is ignored', async () => {
    await request(await serve(shop({ layers: 'spans', ignoreLayers: ['timing', 'anonymous', 'param id'] })))
      .get('/shop/users/7')
      .expect(200)
    await recorder.waitFor('GET /shop/users/:id')
    expect(tree()).toEqual(['GET /shop/users/:id', ['middleware authorize', ['handler /shop/users/:id']]])
  })

  it('are events of the server span where their own time is long', async () => {
    await request(await serve(shop({ layers: 'events', layerThreshold: 200 })))
      .get('/shop/users/7?work=210')
      .expect(200)

    const span = await recorder.waitFor('GET /shop/users/:id')
    expect(recorder.spans()).toEqual([span])
    expect(span.events.map(event => [event.name, event.attributes])).toEqual([
      [
        'spanwright.layer.slow',
        {
          'spanwright.layer.kind': 'handler',
          'spanwright.layer.name': '/shop/users/:id',
          'spanwright.layer.duration': expect.any(Number),
        },
      ],
    ])
    const duration = span.events[0]?.attributes?.['spanwright.layer.duration']
    expect(duration).toBeGreaterThanOrEqual(210)
  })

  it('are reported each time when one middleware is used twice', async () => {
    const app = new AnyKoa()
    async function twice(_ctx: Context, next: Next): Promise<void> {
      await next()
    }
    app
      .use(tracing({ layers: 'spans' }))
      .use(twice)
      .use(twice)
    await request(await serve(app))
      .get('/')
      .expect(404)
    await recorder.waitFor('GET')
    expect(tree()).toEqual(['GET', ['middleware twice', ['middleware twice']]])
  })

  it('are reported in a router shared with an app without tracing', async () => {
    const router = new Router()
    router.get('/', function root(ctx) {
      ctx.body = 'ok'
    })
    const [app, plain] = [new AnyKoa(), new AnyKoa()]
    app.use(tracing({ layers: 'spans' })).use(router.routes() as never)
    plain.use(router.routes() as never)
    await request(await serve(app))
      .get('/')
      .expect(200, 'ok')
    await request(await serve(plain))
      .get('/')
      .expect(200, 'ok')
    await recorder.waitFor('GET /')
    expect(tree()).toEqual(['GET /', ['handler root']])
    expect(recorder.spans()).toHaveLength(2)
  })

  it('are not reported as events below the threshold', async () => {
    await request(await serve(shop({ layers: 'events', layerThreshold: 10_000 })))
      .get('/shop/users/7')
      .expect(200)
    expect((await recorder.waitFor('GET /shop/users/:id')).events).toEqual([])
  })

  it('end with the response when they never end by themselves', async () => {
    const app = new AnyKoa()
    let arrived: (() => void) | undefined
    const waiting = new Promise<void>(resolve => (arrived = resolve))
    app.use(tracing({ layers: 'spans' }))
    app.use(function forget() {
      arrived?.()
      return new Promise<void>(() => undefined)
    })
    const socket = await openRequest(await serve(app), 'GET / HTTP/1.1\nHost: a\n\n')
    await waiting
    socket.destroy()

    await recorder.waitFor('GET')
    expect(recorder.spans().map(span => span.name)).toEqual(['middleware forget', 'GET'])
    expect(recorder.open()).toEqual([])
  })

  it('are named when they call next again, or after the response has begun', async () => {
    const app = new AnyKoa()
    app.silent = true
    app.use(tracing({ layers: 'events', layerThreshold: 60_000 }))
    app.use(async function again(ctx, next) {
      await next()
      if (ctx.path === '/again') await next()
    })
    app.use(async function late(ctx, next) {
      if (ctx.path === '/late') ctx.res.flushHeaders()
      await next()
    })
    app.use(ctx => void (ctx.body = 'ok'))
    const server = await serve(app)
    await request(server).get('/again').expect(500)
    await request(server).get('/late')

    const eventsOf = async (path: string) => {
      const span = await recorder.waitFor(one => one.attributes['url.path'] === path)
      return span.events.map(({ name, attributes }) => [name, attributes?.['spanwright.layer.name']])
    }
    expect(await eventsOf('/again')).toEqual([
      ['spanwright.next_called_twice', 'again'],
      ['exception', undefined],
    ])
    expect(await eventsOf('/late')).toEqual([['spanwright.next_after_response', 'late']])
  })

  it('work as without tracing: results, thenables, and next that is called twice', async () => {
    const app = new AnyKoa()
    const errors: unknown[] = []
    app.on('error', (error: Error) => errors.push(error.message))
    let asked = 0
    app.use(tracing({ layers: 'spans' }))
    app.use(async (ctx, next) => {
      ctx.body = String(await next())
      if (ctx.path === '/twice') await next()
    })
    app.use((_ctx, next) => next())
    app.use((() => ({
      // oxlint-disable-next-line unicorn/no-thenable -- under test
      then(resolve: (value: unknown) => void) {
        asked++
        resolve('result')
      },
    })) as never)
    const server = await serve(app)
    await request(server).get('/').expect(200, 'result')
    expect(asked).toBe(1)
    await request(server).get('/twice').expect(500)
    expect(errors).toEqual(['next() called multiple times'])
    await recorder.waitFor(span => span.attributes['url.path'] === '/twice')
    expect(recorder.open()).toEqual([])
  })
})
