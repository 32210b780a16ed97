import { PassThrough, Readable } from 'node:stream'

import { describe, expect, it } from '@jest/globals'
import { SpanStatusCode, trace } from '@opentelemetry/api'
import type Koa from 'koa'
import type { Context, Middleware } from 'koa'
import request from 'supertest'

import { tracing } from '@spanwright/koa'

import { recorder } from './recorder.ts'
import { firstBytes, openRequest, send, serve } from './service.ts'
import { KOAS } from './versions.ts'

const GET = 'GET / HTTP/1.1\nHost: shop.test\nConnection: close\n\n'

function exception(type: string, message: string) {
  return {
    name: 'exception',
    attributes: expect.objectContaining({ 'exception.type': type, 'exception.message': message }),
  }
}

/** What an app passes to its error listeners, and in which span. */
function listenToErrors(app: Koa) {
  const heard: { error: unknown; ctx: Context | undefined; spanId: string | undefined }[] = []
  app.on('error', (error: unknown, ctx?: Context) => {
    heard.push({ error, ctx, spanId: trace.getActiveSpan()?.spanContext().spanId })
  })
  return heard
}

describe.each(KOAS)('an error in $name', ({ name, Koa }) => {
  function app(...middleware: Middleware[]): Koa {
    const traced = new Koa()
    traced.use(tracing())
    for (const one of middleware) traced.use(one)
    return traced
  }

  it.each([
    ['ctx.throw(422)', (ctx: Context) => ctx.throw(422, 'no such size'), 422],
    [
      'an error with a status',
      () => {
        throw Object.assign(new Error('taken'), { status: 409 })
      },
      409,
    ],
    ['ctx.assert', (ctx: Context) => ctx.assert(false, 401), 401],
  ])('that is intended for the client is neither error nor event: %s', async (_, handler, status) => {
    const koa = app(handler as Middleware)
    const heard = listenToErrors(koa)
    await request(await serve(koa))
      .get('/')
      .expect(status)

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.events).toEqual([])
    expect(span.attributes).toMatchObject({ 'http.response.status_code': status })
    expect(span.attributes).not.toHaveProperty('error.type')
    expect(heard).toHaveLength(1)
  })

  it('that is shown to the client although the server caused it is an error', async () => {
    const koa = app(ctx => ctx.throw(503, 'come back later', { expose: true }))
    listenToErrors(koa)
    await request(await serve(koa))
      .get('/')
      .expect(503, 'come back later')

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'come back later' })
    expect(span.attributes).toMatchObject({
      'http.response.status_code': 503,
      'error.type': 'ServiceUnavailableError',
    })
    expect(span.events).toMatchObject([exception('ServiceUnavailableError', 'come back later')])
  })

  const answering =
    (status: number): Middleware =>
    async (ctx, next) => {
      try {
        await next()
      } catch (error) {
        ctx.status = status
        ctx.body = { message: (error as Error).message }
      }
    }
  const rejecting: Middleware = () => Promise.reject(new RangeError('none left'))

  it.each([
    [500, 'names the failure', SpanStatusCode.ERROR, 'RangeError'],
    [422, 'is an event', SpanStatusCode.UNSET, undefined],
  ])('that middleware before tracing() answers with %d %s', async (status, _what, code, errorType) => {
    const koa = new Koa().use(answering(status)).use(tracing()).use(rejecting)
    await request(await serve(koa))
      .get('/')
      .expect(status, { message: 'none left' })

    const span = await recorder.waitFor('GET')
    expect(span.status.code).toBe(code)
    expect(span.attributes['error.type']).toBe(errorType)
    expect(span.events).toMatchObject([exception('RangeError', 'none left')])
  })

  it.each([
    [422, SpanStatusCode.UNSET, undefined],
    [500, SpanStatusCode.ERROR, '500'],
  ])('that middleware after tracing() answers with %d is not seen', async (status, code, errorType) => {
    const koa = app(answering(status), rejecting)
    await request(await serve(koa))
      .get('/')
      .expect(status, { message: 'none left' })

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code })
    expect(span.attributes['error.type']).toBe(errorType)
    expect(span.events).toEqual([])
  })

  it('that is only a status is named by that status', async () => {
    const koa = app(ctx => void (ctx.status = 502))
    await request(await serve(koa))
      .get('/')
      .expect(502)

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 502, 'error.type': '502' })
    expect(span.events).toEqual([])
  })

  it.each([
    ['a string', 'some text', { 'exception.type': 'string', 'exception.message': 'some text' }],
    ['an object', { odd: true }, { 'exception.type': '_OTHER' }],
    ['false', false, { 'exception.type': 'boolean', 'exception.message': 'false' }],
  ])('that is not an Error is recorded unchanged: %s', async (_, thrown, attributes) => {
    const koa = app(() => {
      throw thrown
    })
    const heard = listenToErrors(koa)
    await request(await serve(koa))
      .get('/')
      .expect(500)

    const span = await recorder.waitFor('GET')
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': '_OTHER' })
    expect(span.events).toMatchObject([{ name: 'exception', attributes }])
    expect(String(heard[0]?.error)).toContain('non-error thrown')
  })

  it.each([null, undefined])(
    'that is %s, which Koa never answers, is recorded when the client gives up',
    async nothing => {
      const koa = app(() => Promise.reject(nothing))
      const thrown = new Promise<void>(resolve => {
        const { onerror } = koa.context
        Object.assign(koa.context, {
          onerror(this: Context, error: Error) {
            resolve()
            onerror.call(this, error)
          },
        })
      })
      const socket = await openRequest(await serve(koa), GET)
      await thrown
      socket.destroy()

      const span = await recorder.waitFor('GET')
      expect(span.status.code).toBe(SpanStatusCode.ERROR)
      expect(span.events).toMatchObject([exception(nothing === null ? 'null' : 'undefined', String(nothing))])
      expect(span.attributes).toMatchObject({ 'error.type': '_OTHER' })
      expect(span.attributes).not.toHaveProperty('http.response.status_code')
    },
  )

  it('that occurs only when the body is written is recorded', async () => {
    const koa = app(ctx => {
      const circle: Record<string, unknown> = {}
      circle['self'] = circle
      ctx.body = circle
    })
    listenToErrors(koa)
    await request(await serve(koa))
      .get('/')
      .expect(500)

    const span = await recorder.waitFor('GET')
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 500, 'error.type': 'TypeError' })
    expect(span.events).toMatchObject([exception('TypeError', expect.stringContaining('circular') as never)])
  })

  it('of the body stream that cuts the response short is recorded', async () => {
    const error = Object.assign(new Error('disk gone'), { code: 'EIO' })
    const body = new PassThrough()
    const koa = app(ctx => void (ctx.body = body))
    const heard = listenToErrors(koa)
    const socket = await openRequest(await serve(koa), GET)
    body.write('half of it')
    expect(await firstBytes(socket)).toContain('HTTP/1.1 200 OK')
    body.destroy(error)
    // Before version 3 Koa leaves the response open.
    if (!name.endsWith('3')) socket.destroy()

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'disk gone' })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'EIO' })
    expect(span.events).toMatchObject([exception('Error', 'disk gone')])
    expect(heard.map(({ error: one }) => one)).toContain(error)
  })

  it('of the body stream before its first byte is recorded', async () => {
    const koa = app(ctx => {
      ctx.body = new Readable({
        read() {
          this.destroy(new RangeError('nothing to read'))
        },
      })
    })
    listenToErrors(koa)
    await send(await serve(koa), GET).catch(() => undefined)

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR, message: 'nothing to read' })
    expect(span.attributes).toMatchObject({ 'error.type': 'RangeError' })
    expect(span.events).toMatchObject([exception('RangeError', 'nothing to read')])
  })

  it('after Koa was told not to respond is recorded, and the response is the one that was sent', async () => {
    const koa = app(ctx => {
      ctx.respond = false
      ctx.res.statusCode = 202
      ctx.res.write('mi')
      throw new TypeError('half way')
    })
    koa.on('error', (_error, ctx: Context) => ctx.res.end('ne'))
    await request(await serve(koa))
      .get('/')
      .expect(202, 'mine')

    const span = await recorder.waitFor('GET')
    expect(span.status).toEqual({ code: SpanStatusCode.UNSET })
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 202 })
    expect(span.attributes).not.toHaveProperty('error.type')
    expect(span.events).toMatchObject([exception('TypeError', 'half way')])
  })

  it('reaches the listeners of the app as without tracing, but in its span', async () => {
    const error = new Error('heard')
    const fail: Middleware = () => Promise.reject(error)
    const plain = new Koa().use(fail)
    const traced = app(fail)
    const [heardPlain, heardTraced] = [listenToErrors(plain), listenToErrors(traced)]
    const answers = []
    for (const koa of [plain, traced]) answers.push(await send(await serve(koa), GET))

    const span = await recorder.waitFor('GET')
    expect(withoutDate(answers[1])).toBe(withoutDate(answers[0]))
    expect(heardPlain.map(({ error: one }) => one)).toEqual([error])
    expect(heardTraced.map(({ error: one }) => one)).toEqual([error])
    expect(heardTraced[0]?.ctx?.app).toBe(traced)
    expect(heardTraced[0]?.spanId).toBe(span.spanContext().spanId)
    expect(heardPlain[0]?.spanId).toBeUndefined()
  })

  it('adds no listener to the app', async () => {
    const koa = app(ctx => ctx.throw(422))
    koa.silent = true
    await request(await serve(koa))
      .get('/')
      .expect(422)

    await recorder.waitFor('GET')
    expect(koa.listeners('error')).toEqual([koa.onerror])
  })

  it('goes to the error handling with which an app replaced that of Koa', async () => {
    const koa = app(() => Promise.reject(new TypeError('mine')))
    Object.assign(koa.context, {
      onerror(this: Context, error?: Error) {
        if (!error) return
        this.res.statusCode = 555
        this.res.end(`handled ${error.message}`)
      },
    })
    await request(await serve(koa))
      .get('/')
      .expect(555, 'handled mine')

    const span = await recorder.waitFor('GET')
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 555, 'error.type': 'TypeError' })
    expect(span.events).toMatchObject([exception('TypeError', 'mine')])
  })

  it.each(['destroy', 'resetAndDestroy'] as const)(
    'that a client causes by disconnecting while the body is sent is recorded by its code only: %s',
    async leave => {
      const body = new PassThrough()
      const koa = app(ctx => void (ctx.body = body))
      listenToErrors(koa)
      const socket = await openRequest(await serve(koa), GET)
      body.write('half of it')
      await firstBytes(socket)
      socket[leave]()

      const span = await recorder.waitFor('GET')
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
      expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'ECONNRESET' })
      expect(span.events).toEqual([])
    },
  )

  it('that a client causes by disconnecting before the response has no status', async () => {
    let ready: (() => void) | undefined
    const arrived = new Promise<void>(resolve => (ready = resolve))
    const koa = app(ctx => {
      ready?.()
      return new Promise<void>(resolve => ctx.res.once('close', resolve))
    })
    listenToErrors(koa)
    const socket = await openRequest(await serve(koa), GET)
    await arrived
    socket.destroy()

    const span = await recorder.waitFor('GET')
    expect(span.status.code).toBe(SpanStatusCode.ERROR)
    expect(span.attributes).toMatchObject({ 'error.type': 'ECONNRESET' })
    expect(span.attributes).not.toHaveProperty('http.response.status_code')
    const [duration] = await recorder.metrics()
    expect(duration?.dataPoints.map(point => point.attributes)).toEqual([
      {
        'http.request.method': 'GET',
        'url.scheme': 'http',
        'network.protocol.version': '1.1',
        'error.type': 'ECONNRESET',
      },
    ])
  })
})

function withoutDate(answer: string | undefined): string | undefined {
  return answer?.replace(/^Date: .*$/m, '')
}
