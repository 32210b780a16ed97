import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { describe, expect, it } from '@jest/globals'
import { recordTests } from '@spanwright/test-kit/recorder'
import { readAll, serve } from '@spanwright/http-servers'
import type { Application, ErrorRequestHandler, RequestHandler } from 'express'
import request from 'supertest'

import { tracing } from '@spanwright/express'

import { VERSIONS } from './versions.ts'

const recorder = recordTests()

class OutOfStock extends Error {}

const fail: RequestHandler = () => {
  throw new OutOfStock('none left')
}
const answerWith =
  (status: number): ErrorRequestHandler =>
  (_error, _req, res, _next) =>
    void res.status(status).send('handled')

/** Types of what was thrown and has no stack. */
const NO_ERRORS: ReadonlySet<unknown> = new Set(['string', '_OTHER'])

interface Result {
  readonly name: string
  readonly status: { readonly code: SpanStatusCode; readonly message?: string }
  readonly code: Attributes[string]
  readonly errorType: Attributes[string]
  readonly exceptions: readonly unknown[]
}

/** What the one span of a request says of its outcome, and the duration metric with it. */
async function ask(app: Application, path = '/x'): Promise<Result> {
  await request(app).get(path)
  const span = await recorder.waitFor({ kind: SpanKind.SERVER })
  expect(recorder.spans()).toHaveLength(1)
  const [metric] = await recorder.metrics()
  expect(metric?.dataPoints[0]?.attributes).toMatchObject({
    'http.response.status_code': span.attributes['http.response.status_code'],
    ...(span.attributes['error.type'] !== undefined && { 'error.type': span.attributes['error.type'] }),
  })
  const exceptions = span.events.filter(({ name }) => name === 'exception')
  const errors = exceptions.filter(({ attributes }) => !NO_ERRORS.has(attributes?.['exception.type']))
  const stacks = errors.map(({ attributes }) => attributes?.['exception.stacktrace'])
  expect(stacks).toEqual(errors.map(() => expect.stringMatching(/\n +at /)))
  return {
    name: span.name,
    status: span.status,
    code: span.attributes['http.response.status_code'],
    errorType: span.attributes['error.type'],
    exceptions: exceptions.map(({ attributes }) => attributes?.['exception.type']),
  }
}

const failed = (message?: string): Result['status'] => ({
  code: SpanStatusCode.ERROR,
  ...(message !== undefined && { message }),
})
const UNSET = { code: SpanStatusCode.UNSET }

describe.each(VERSIONS)('an error in $name', ({ load, major }) => {
  const express = load()
  const quiet = (): Application => express().set('env', 'test').use(tracing())

  const outOfStock: Result = {
    name: 'GET /x',
    status: failed('none left'),
    code: 500,
    errorType: 'OutOfStock',
    exceptions: ['OutOfStock'],
  }

  it('that is thrown makes the span an error', async () => {
    expect(await ask(quiet().get('/x', fail))).toEqual(outOfStock)
  })

  it('that is given to next makes the span an error', async () => {
    const app = quiet().get('/x', (_req, _res, next) => setImmediate(() => next(new OutOfStock('none left'))))

    expect(await ask(app)).toEqual(outOfStock)
  })

  it('that middleware throws has no route', async () => {
    expect(await ask(quiet().use(fail))).toEqual({ ...outOfStock, name: 'GET' })
  })

  it('keeps its exception event when an error handler answers below 500, and leaves the status unset', async () => {
    const app = quiet().get('/x', fail).use(answerWith(422))

    expect(await ask(app)).toEqual({
      name: 'GET /x',
      status: UNSET,
      code: 422,
      errorType: undefined,
      exceptions: ['OutOfStock'],
    })
  })

  it('names its type when an error handler answers with a 5xx', async () => {
    const app = quiet().get('/x', fail).use(answerWith(503))

    expect(await ask(app)).toEqual({ ...outOfStock, code: 503 })
  })

  it('is seen when an error handler of its router, its route or a mounted app handles it', async () => {
    const handled = { ...outOfStock, status: UNSET, code: 409, errorType: undefined }
    const router = express.Router().get('/', fail).use(answerWith(409))
    const inner = express().get('/', fail).use(answerWith(409))

    expect(await ask(quiet().use('/x', router))).toEqual(handled)
    await recorder.reset()
    expect(await ask(quiet().get('/x', fail, answerWith(409) as never))).toEqual(handled)
    await recorder.reset()
    expect(await ask(quiet().use('/x', inner))).toEqual(handled)
    await recorder.reset()
    expect(await ask(quiet().use('/x', express().get('/', fail)))).toEqual(outOfStock)
  })

  it('is seen by error handlers that were added after the first request', async () => {
    const app = quiet()
    await request(app).get('/first')
    await recorder.waitFor('GET')
    await recorder.reset()
    app.get('/x', fail).use(answerWith(422))

    expect((await ask(app)).exceptions).toEqual(['OutOfStock'])
  })

  it('is seen where only a mounted app or a router is traced', async () => {
    const inner = express().use(tracing()).get('/', fail)
    const router = express.Router().use(tracing()).get('/', fail)
    const handled = { ...outOfStock, status: UNSET, code: 409, errorType: undefined }

    expect(await ask(express().set('env', 'test').use('/x', inner))).toEqual(outOfStock)
    await recorder.reset()
    expect(await ask(express().use('/x', inner).use(answerWith(409)))).toEqual(handled)
    await recorder.reset()
    expect(await ask(express().use('/x', router).use(answerWith(409)))).toEqual(handled)
  })

  it('thrown in an error handler replaces the first one, which keeps its event', async () => {
    const app = quiet()
      .get('/x', fail)
      .use(((_error, _req, _res, _next) => {
        throw new TypeError('handler broke')
      }) as ErrorRequestHandler)

    expect(await ask(app)).toEqual({
      ...outOfStock,
      status: failed('handler broke'),
      errorType: 'TypeError',
      exceptions: ['OutOfStock', 'TypeError'],
    })
  })

  it('is recorded once however many handlers pass it on', async () => {
    const passOn: ErrorRequestHandler = (error, _req, _res, next) => next(error)
    const router = express.Router().get('/', fail).use(passOn)
    const app = quiet().use('/x', router).use(passOn).use(passOn)

    expect((await ask(app)).exceptions).toEqual(['OutOfStock'])
  })

  it('that is a string is recorded too', async () => {
    const app = quiet().get('/x', (_req, _res, next) => next('out of order'))

    expect(await ask(app)).toEqual({
      ...outOfStock,
      status: failed('out of order'),
      errorType: '_OTHER',
      exceptions: ['string'],
    })
  })

  it.each([
    ['an object', { name: 'cart-42', code: 'cart 42', message: 'sesame' }],
    ['a string', 'sesame'],
    ['an object with a status', { status: 201, message: 'sesame' }],
  ])('that is a response below 500, and not a failure, is recorded nowhere: %s', async (_, body) => {
    const answer: ErrorRequestHandler = (given, _req, res, _next) => void res.status(201).send(given)
    const app = quiet()
      .get('/x', (_req, _res, next) => next(body))
      .use(answer)

    expect(await ask(app)).toEqual({
      ...outOfStock,
      status: UNSET,
      code: 201,
      errorType: undefined,
      exceptions: [],
    })
    expect(JSON.stringify(recorder.spans()[0]?.events)).not.toMatch(/sesame|cart/)
  })

  it("that isn't an Error has a type from a bounded set", async () => {
    const app = quiet().get('/x', (_req, _res, next) => next({ name: 'cart-42', message: 'none left' }))

    expect(await ask(app)).toEqual({ ...outOfStock, errorType: '_OTHER', exceptions: ['_OTHER'] })
  })

  it('that a framework replaces by a plain object is the one that counts', async () => {
    const replace: ErrorRequestHandler = (error, _req, _res, next) =>
      next({ code: '500', message: String(error) })
    const app = quiet().get('/x', fail).use(replace)

    expect(await ask(app)).toEqual(outOfStock)
  })

  it('replaces an object that was passed before', async () => {
    const replace: ErrorRequestHandler = (_body, _req, _res, next) => next(new OutOfStock('none left'))
    const app = quiet()
      .get('/x', (_req, _res, next) => next({ code: '500' }))
      .use(replace)

    expect(await ask(app)).toEqual(outOfStock)
  })

  it("null isn't an error for Express, which continues", async () => {
    const app = quiet().get('/x', () => {
      throw null
    })

    expect(await ask(app)).toEqual({
      name: 'GET /x',
      status: UNSET,
      code: 404,
      errorType: undefined,
      exceptions: [],
    })
  })

  it('that is intended for the client adds no event', async () => {
    const app = quiet().get('/x', () => {
      throw Object.assign(new Error('no such colour'), { status: 422, expose: true })
    })

    expect(await ask(app)).toEqual({
      name: 'GET /x',
      status: UNSET,
      code: 422,
      errorType: undefined,
      exceptions: [],
    })
  })

  it('is none when the handler itself answers 4xx', async () => {
    const app = quiet().get('/x', (_req, res) => void res.status(404).send('none'))

    expect(await ask(app)).toMatchObject({ status: UNSET, code: 404, errorType: undefined, exceptions: [] })
  })

  it('has the status code for a type when the handler itself answers 5xx', async () => {
    const app = quiet().get('/x', (_req, res) => void res.status(503).send('busy'))

    expect(await ask(app)).toMatchObject({ status: failed(), code: 503, errorType: '503', exceptions: [] })
  })

  it('adds no event with recordExceptions off, but is recorded otherwise', async () => {
    const app = express()
      .set('env', 'test')
      .use(tracing({ recordExceptions: false }))
      .get('/x', fail)

    expect(await ask(app)).toEqual({ ...outOfStock, exceptions: [] })
  })

  it('after the response began breaks it off', async () => {
    const app = quiet().get('/x', (_req, res, next) => {
      res.write('begin')
      next(new SyntaxError('half'))
    })
    await using server = await serve(app)
    await readAll(server.connect('GET /x HTTP/1.1\r\nHost: h.test\r\n\r\n'))

    const span = await recorder.waitFor('GET /x')
    expect(span.status).toEqual(failed('half'))
    expect(span.attributes).toMatchObject({ 'http.response.status_code': 200, 'error.type': 'SyntaxError' })
    expect(span.events.map(({ name }) => name)).toEqual(['exception'])
  })

  it('reaches error handlers and the final handler as without tracing', async () => {
    const seen: unknown[] = []
    const note: ErrorRequestHandler = (error, _req, _res, next) => {
      seen.push(error)
      next(error)
    }
    const router = express.Router().get('/', fail).use(note)
    const answers = await Promise.all(
      [express(), quiet()].map(app => request(app.set('env', 'test').use('/x', router).use(note)).get('/x')),
    )
    const [bare, traced] = answers

    expect(traced?.status).toBe(bare?.status)
    expect(traced?.text.split('<br>')[0]).toBe(bare?.text.split('<br>')[0])
    expect(seen).toHaveLength(4)
    expect(seen.every(error => error instanceof OutOfStock)).toBe(true)
  })

  if (major === 5) {
    it('that a handler or a middleware rejects with makes the span an error', async () => {
      const reject: RequestHandler = async () => {
        await Promise.resolve()
        throw new OutOfStock('none left')
      }

      expect(await ask(quiet().get('/x', reject))).toEqual(outOfStock)
      await recorder.reset()
      expect(await ask(quiet().use(reject))).toEqual({ ...outOfStock, name: 'GET' })
      await recorder.reset()
      expect(await ask(quiet().get('/x', reject).use(answerWith(422)))).toMatchObject({
        status: UNSET,
        exceptions: ['OutOfStock'],
      })
    })
  }
})
