import { runInNewContext } from 'node:vm'

import * as fc from 'fast-check'
import { describe, expect, it } from '@jest/globals'

import { errorTypeOf } from '@spanwright/core/plugin'
import { exceptionOf } from '../src/operation/errors/exception.ts'

class OrderRejected extends Error {}
const minified = [class a extends Error {}, class Xe extends TypeError {}]
const anonymous = (() => class extends Error {})()

class Unhelpful {
  get code(): never {
    throw new Error('no code for you')
  }
}

const everythingThrows = new Proxy(
  {},
  {
    get() {
      throw new Error('trapped')
    },
    getPrototypeOf() {
      throw new Error('trapped')
    },
  },
)

describe('the type of an error', () => {
  const cases: [string, unknown, string][] = [
    [
      'a system error is its code',
      Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      'ECONNREFUSED',
    ],
    [
      'an error of a database is its SQLSTATE',
      Object.assign(new Error(), { name: 'error', code: '23505' }),
      '23505',
    ],
    ['an undici error is its code', Object.assign(new Error(), { code: 'UND_ERR_SOCKET' }), 'UND_ERR_SOCKET'],
    [
      'an error with a code in free text is its class',
      Object.assign(new TypeError(), { code: 'no good' }),
      'TypeError',
    ],
    [
      'an error with a number for a code is its class',
      Object.assign(new RangeError(), { code: 23 }),
      'RangeError',
    ],
    ['an error of a class is the class', new OrderRejected(), 'OrderRejected'],
    [
      'an error with a name set on purpose is the name',
      Object.assign(new OrderRejected(), { name: 'SoldOut' }),
      'SoldOut',
    ],
    [
      'an error with a sentence for a name is its class',
      Object.assign(new OrderRejected(), { name: 'it is sold out' }),
      'OrderRejected',
    ],
    ['an error of a class without a name is what it extends', new anonymous(), 'Error'],
    ['an error of another realm is its class', runInNewContext('new TypeError("x")'), 'TypeError'],
    [
      'an error of a class of another realm is the class',
      runInNewContext('class Late extends Error {}; new Late()'),
      'Late',
    ],
    ['an abort is its name, not its number', new DOMException('gone', 'AbortError'), 'AbortError'],
    ['a timeout is its name', new DOMException('slow', 'TimeoutError'), 'TimeoutError'],
    ['an abort of AbortSignal is its name', AbortSignal.abort().reason, 'AbortError'],
    ['an object that is no error is nothing known, whatever its name', { name: 'cart-42' }, '_OTHER'],
    ['an object is nothing known', { message: 'oops' }, '_OTHER'],
    ['an object without a prototype is nothing known', Object.create(null), '_OTHER'],
    ['null is nothing known', null, '_OTHER'],
    ['undefined is nothing known', undefined, '_OTHER'],
    ['a text is nothing known, for it could be any text', 'order 4711 failed', '_OTHER'],
    ['a number is nothing known', 42, '_OTHER'],
    ['a symbol is nothing known', Symbol('s'), '_OTHER'],
    ['an object whose code cannot be read is its class', new Unhelpful(), 'Unhelpful'],
    ['a proxy whose every trap throws is nothing known', everythingThrows, '_OTHER'],
  ]

  it.each(cases)('of %s', (_, thrown, expected) => {
    expect(errorTypeOf(thrown)).toBe(expected)
  })

  it('of a minified class is its base class, because the next build changes its name', () => {
    expect(minified.map(Minified => errorTypeOf(new Minified()))).toEqual(['Error', 'TypeError'])
  })

  it('is always a short string without spaces, whatever was thrown', () => {
    fc.assert(
      fc.property(anythingThrown(), thrown => {
        expect(errorTypeOf(thrown)).toMatch(/^[\w$.]{1,100}$/)
      }),
      { numRuns: 500 },
    )
  })
})

describe('an exception event', () => {
  it('has class, message and stack of an error', () => {
    const error = new OrderRejected('sold out')
    const stack = error.stack?.replace('Error', 'OrderRejected')
    expect(exceptionOf(error)).toEqual({ name: 'OrderRejected', message: 'sold out', stack })
  })

  it.each([
    ['null', null, { name: 'null', message: 'null' }],
    ['undefined', undefined, { name: 'undefined', message: 'undefined' }],
    ['a string', 'sold out', { name: 'string', message: 'sold out' }],
    ['a number', 42, { name: 'number', message: '42' }],
    ['a symbol', Symbol('s'), { name: 'symbol', message: 'Symbol(s)' }],
    ['an object', { message: 'sold out' }, { name: '_OTHER', message: 'sold out' }],
    ['half of a character', 'a\ud83d', { name: 'string', message: 'a\ufffd' }],
    ['whole characters', { message: '\ud83d\ude00' }, { name: '_OTHER', message: '\ud83d\ude00' }],
    ['an object without a message', {}, { name: '_OTHER', message: '' }],
    ['a function, without its source', () => 'secret', { name: 'function', message: '' }],
  ])('of %s says what it was', (_, thrown, expected) => {
    expect(exceptionOf(thrown)).toEqual(expected)
  })

  it('keeps the name when the message cannot be read', () => {
    const error = Object.defineProperty(new OrderRejected(), 'message', {
      get(): never {
        throw new Error('no')
      },
    })
    expect(exceptionOf(error)).toMatchObject({ name: 'OrderRejected', message: '' })
  })

  it('never throws, and its name and message are strings', () => {
    fc.assert(
      fc.property(anythingThrown(), thrown => {
        expect(exceptionOf(thrown)).toMatchObject({
          name: expect.stringMatching(/^[\w$.]{1,100}$/) as unknown,
          message: expect.any(String) as unknown,
        })
      }),
      { numRuns: 500 },
    )
  })
})

/** Values of every kind, errors with properties of every kind, and objects that refuse to be read. */
function anythingThrown(): fc.Arbitrary<unknown> {
  const odd = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true })
  const dressed = fc
    .record({ name: odd, code: odd, message: odd, stack: odd, constructor: odd }, { requiredKeys: [] })
    .map(properties => {
      const error: unknown = Object.create(Error.prototype)
      for (const [key, value] of Object.entries(properties))
        Object.defineProperty(error as object, key, { value })
      return error
    })
  const codes = fc.string({ maxLength: 200 }).map(code => Object.assign(new Error(''), { code, name: code }))
  return fc.oneof(odd, dressed, codes, fc.constant(everythingThrows), fc.constant(new Unhelpful()))
}
