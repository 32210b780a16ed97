import { describe, expect, it } from '@jest/globals'
import { type KoaTracingOptions, tracing } from '@spanwright/koa'

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
})
