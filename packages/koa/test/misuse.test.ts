import { afterEach, describe, expect, it } from '@jest/globals'
import type { Middleware } from 'koa'
import request from 'supertest'

import { type KoaTracingOptions, tracing } from '@spanwright/koa'

import { closeServices, serve } from './service.ts'
import { KOAS } from './versions.ts'

afterEach(closeServices)

describe('tracing()', () => {
  it.each([
    [
      { semcov: 'latest' },
      /^tracing\(\): unknown option 'semcov' \(given 'latest'\); did you mean semconv\?$/,
    ],
    [{ ignore: '/health' }, /^tracing\(\): option ignore must be a function; got '\/health'$/],
    [{ captureHeaders: { request: 'x-id' } }, /^tracing\(\): option captureHeaders must be an object with/],
    ['latest', /^tracing\(\): options must be an object, got 'latest'$/],
    [null, /^tracing\(\): options must be an object, got null$/],
  ])('refuses %j', (options, message) => {
    const attempt = () => tracing(options as KoaTracingOptions)
    expect(attempt).toThrow(TypeError)
    expect(attempt).toThrow(message)
  })

  it.each(KOAS)('says what to do when it is used without being called, with $name', async ({ Koa }) => {
    const app = new Koa()
    const errors: unknown[] = []
    app.on('error', error => errors.push(error))
    app.use(tracing as unknown as Middleware)
    await request(await serve(app))
      .get('/')
      .expect(500)

    expect(errors).toEqual([
      new TypeError('app.use(tracing): tracing makes the middleware, call it: app.use(tracing())'),
    ])
  })
})
