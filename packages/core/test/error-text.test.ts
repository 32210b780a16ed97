import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'

import { SpanStatusCode } from '@opentelemetry/api'
import { afterEach, describe, expect, it, jest } from '@jest/globals'
import { recordException, withSpan } from '@spanwright/core'
import { errorTypeOf, recogniseErrors, withholdMessage } from '@spanwright/core/plugin'
import { exceptionOf } from '../src/operation/errors/exception.ts'
import { recordSpans } from '@spanwright/testing'

const recorder = recordSpans({ global: true })
afterEach(() => recorder.reset())

const SECRET = 'sesame-4111'

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

/** Everything recorded on the span of work that throws. */
function spansOf(thrown: unknown, errorMessages: 'raw' | 'masked' = 'masked'): string {
  expect(
    thrownBy(() =>
      withSpan(
        'work',
        () => {
          throw thrown
        },
        { errorMessages },
      ),
    ),
  ).toBe(thrown)
  const [span] = recorder.spans()
  expect(span?.status.code).toBe(SpanStatusCode.ERROR)
  return inspect([span?.status, span?.attributes, span?.events], { depth: 9 })
}

class ServerError extends Error {
  readonly code = '22P02'
}

describe('the message of an error', () => {
  recogniseErrors('testing', error => ((error as { isOurs?: unknown }).isOurs ? 'ours' : undefined))

  const withheld = (): Error => {
    const error = new ServerError(`invalid input: "${SECRET}"`)
    withholdMessage(error, '22P02 invalid_text_representation')
    return error
  }
  const recognised = (): Error => Object.assign(new Error(SECRET), { isOurs: true })

  const carriers: [string, () => unknown, string][] = [
    ['is withheld where it is marked', withheld, '22P02 invalid_text_representation'],
    ['is withheld where its shape is known', recognised, 'ours'],
    ['with a cause', () => new Error(`failed: ${SECRET}`, { cause: withheld() }), '22P02'],
    [
      'with the cause of a cause',
      () => new Error(SECRET, { cause: new Error(SECRET, { cause: recognised() }) }),
      'ours',
    ],
    ['of several', () => new AggregateError([new Error('fine'), withheld()], SECRET), '22P02'],
    ['that keeps the original', () => Object.assign(new Error(SECRET), { driverError: withheld() }), '22P02'],
    [
      'whose cause is found by a getter',
      () => Object.defineProperty(new Error(SECRET), 'cause', { get: withheld }),
      '22P02',
    ],
    [
      'that goes in a circle',
      () => {
        const error = Object.assign(new Error(SECRET), { self: {} })
        error.self = error
        return Object.assign(error, { original: withheld() })
      },
      '22P02',
    ],
  ]

  it.each(carriers)('%s: status, event and stack show only text known to hold no data', (_, make, shown) => {
    const told = spansOf(make())
    expect(told).not.toContain(SECRET)
    expect(told).toContain(shown)
    expect(told).toContain('error-text.test.ts')
  })

  it.each(carriers)('%s: is shown with errorMessages raw', (_, make) => {
    expect(spansOf(make(), 'raw')).toContain(SECRET)
  })

  it.each(carriers)('%s: recordException() shows none either', (_, make) => {
    withSpan('work', () => recordException(make()))
    expect(inspect(recorder.spans()[0]?.events, { depth: 9 })).not.toContain(SECRET)
  })

  const ofOthers: [string, () => unknown, string][] = [
    ['of JSON', () => JSON.parse(SECRET), 'SyntaxError'],
    ['of BigInt', () => BigInt(SECRET), 'SyntaxError'],
    ['of a regular expression', () => new RegExp(`(${SECRET}`), 'SyntaxError'],
    ['of Intl', () => new Intl.NumberFormat('en', { style: 'currency', currency: SECRET }), 'RangeError'],
    ['of a Map', () => new Map([SECRET] as never), 'TypeError'],
    ['of a buffer', () => Buffer.from(4111 as never), 'ERR_INVALID_ARG_TYPE'],
    ['of a file', () => process.chdir(`/${SECRET}`), 'chdir ENOENT'],
    ['of headers', () => new Headers({ a: `${SECRET}\n${SECRET}` }), 'TypeError'],
    ['of a clone', () => structuredClone(() => SECRET), 'DataCloneError'],
    ['of nothing', () => (undefined as never)[SECRET], 'Cannot read properties of undefined'],
    ['of a text', () => Object.assign(SECRET, { 0: 'x' }), 'Cannot assign to read only property'],
    ['of in', () => SECRET in (SECRET as never), "Cannot use 'in' operator"],
    ['of a callback', () => [1].map(SECRET as never), 'is not a function'],
  ]

  it.each(ofOthers)('that the engine or Node made, %s, shows no value', (_, work, shown) => {
    const told = spansOf(thrownBy(work))
    expect(told).not.toMatch(/sesame|\b4111\b/)
    expect(told).toContain(shown)
    expect(told).toContain('error-text.test.ts')
  })

  it.each([Error, RangeError, TypeError, SyntaxError, class OutOfStock extends Error {}])(
    'that the application made stays: %p',
    Class => {
      expect(exceptionOf(new Class('out of stock'))).toMatchObject({ message: 'out of stock' })
      expect(exceptionOf(runInNewContext('new Error("out of stock")'))).toMatchObject({
        message: 'out of stock',
      })
    },
  )

  it('is withheld when another copy of this package has marked it', () => {
    const error = new Error(SECRET)
    jest.isolateModules(() => {
      const copy = jest.requireActual<{ withholdMessage: typeof withholdMessage }>('@spanwright/core/plugin')
      expect(copy.withholdMessage).not.toBe(withholdMessage)
      copy.withholdMessage(error, 'marked elsewhere')
    })
    expect(exceptionOf(error).message).toBe('marked elsewhere')
  })

  it('is withheld, with its stack, when the stack holds another message than the error', () => {
    const error = new Error(SECRET)
    expect(error.stack).toContain(SECRET)
    error.message = 'another'
    expect(exceptionOf(error)).toEqual({ name: 'Error', message: 'another' })
  })

  it('that looks like a frame is not recorded as one', () => {
    const error = new Error(`x\n    at ${SECRET}`)
    withholdMessage(error)
    expect(error.stack).toContain(SECRET)
    expect(exceptionOf(error).stack).toMatch(/^Error\n {4}at .*error-text/)
    expect(exceptionOf(error).stack).not.toContain(SECRET)
  })

  it('is searched for in a bounded chain of errors, and getters that throw hide nothing', () => {
    let error = withheld()
    for (let depth = 0; depth < 1e5; depth++) error = new Error('deep', { cause: error })
    expect(exceptionOf(error).message).toBe('deep')
    const hiding = Object.defineProperty(recognised(), 'cause', {
      get() {
        throw new Error('no')
      },
    })
    expect(exceptionOf(hiding).message).toBe('ours')
  })
})

describe('the stack of an error', () => {
  it('is formatted later with the message at that time, as without tracing', async () => {
    const error = new Error('first')
    await withSpan('work', () => Promise.reject(error)).catch(() => undefined)
    expect(recorder.spans()[0]?.events[0]?.attributes).toMatchObject({ 'exception.message': 'first' })
    error.message = 'changed'
    expect(error.stack).toMatch(/^Error: changed\n {4}at .*error-text/)
  })

  it("is formatted by the application's own formatter, which does not receive withheld text", () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
    const shown: unknown[] = []
    Error.prepareStackTrace = (error, sites) => {
      shown.push(error.message)
      return `${error.name}: ${error.message} in ${sites.length > 0 ? 'its place' : ''}`
    }
    try {
      const error = new Error(SECRET)
      withholdMessage(error, 'known')
      expect(exceptionOf(error).stack).toBe('Error: known in its place')
      expect(shown).toEqual(['known'])
      error.message = 'changed'
      expect(error.stack).toBe('Error: changed in its place')
    } finally {
      if (before) Object.defineProperty(Error, 'prepareStackTrace', before)
      else Reflect.deleteProperty(Error, 'prepareStackTrace')
    }
  })
})

describe('the type of an error', () => {
  it('is of a bounded set, whatever names and codes errors have', () => {
    const types = Array.from({ length: 2000 }, (_, i) => [
      errorTypeOf(Object.assign(new Error(''), { name: `Order${i}` })),
      errorTypeOf(Object.assign(new Error(''), { code: `ORDER_${i}` })),
      errorTypeOf({ name: `Body${i}` }),
    ]).flat()
    expect(new Set(types).size).toBeLessThan(600)
    expect(types.at(-2)).toBe('Error')
    expect(errorTypeOf(new TypeError(''))).toBe('TypeError')
  })
})
