import { describe, expect, it } from '@jest/globals'

import {
  aBoolean,
  aFunction,
  aListOfStrings,
  anObjectWith,
  anyOf,
  aPositiveNumber,
  aRecordOf,
  aString,
  checkOptions,
  oneOf,
  type OptionRule,
  show,
} from '@spanwright/core/plugin'

const RULES = {
  ignore: aFunction,
  onStart: aFunction,
  capture: aRecordOf({ request: aListOfStrings, response: aListOfStrings }),
}

/** The message options are refused with; undefined when they are accepted. */
function refusal(options: unknown): string | undefined {
  try {
    checkOptions('tracing()', options, RULES)
    return undefined
  } catch (error) {
    return error instanceof TypeError ? error.message : String(error)
  }
}

describe('options', () => {
  it.each([
    ['none', undefined],
    ['an empty object', {}],
    ['an object without a prototype', Object.create(null)],
    ['options set to undefined', { ignore: undefined }],
    ['good ones', { ignore: () => true, capture: { request: ['x-id'], response: undefined } }],
    ['frozen ones', Object.freeze({ ignore: () => true })],
  ])('are accepted: %s', (_, options) => {
    expect(refusal(options)).toBeUndefined()
  })

  it.each<[string, unknown, string]>([
    [
      'a typo',
      { ignor: () => true },
      "tracing(): unknown option 'ignor' (given [Function: ignor]); did you mean ignore?",
    ],
    [
      'another case',
      { onstart: () => {} },
      "tracing(): unknown option 'onstart' (given [Function: onstart]); did you mean onStart?",
    ],
    [
      'nothing like it',
      { verbose: true },
      "tracing(): unknown option 'verbose' (given true); known options are capture, ignore, onStart",
    ],
    [
      'a word every object knows',
      { constructor: 1 },
      "tracing(): unknown option 'constructor' (given 1); known options are capture, ignore, onStart",
    ],
    ['a wrong type', { ignore: 'health' }, "tracing(): option ignore must be a function; got 'health'"],
    ['null for an option', { ignore: null }, 'tracing(): option ignore must be a function; got null'],
    [
      'a wrong option within',
      { capture: { requests: ['x-id'] } },
      'tracing(): option capture must be an object with request, response; got { requests: [Array] }',
    ],
    [
      'a wrong type within',
      { capture: { request: 'x-id' } },
      "tracing(): option capture must be an object with request, response; got { request: '…' }",
    ],
    [
      'a word every object knows, within',
      { capture: { toString: 1 } },
      'tracing(): option capture must be an object with request, response; got { toString: 1 }',
    ],
    ['null', null, 'tracing(): options must be an object, got null'],
    ['a string', 'both', "tracing(): options must be an object, got 'both'"],
    ['an array', [1], 'tracing(): options must be an object, got [ 1 ]'],
    ['a function', function app() {}, 'tracing(): options must be an object, got [Function: app]'],
  ])('are refused with words: %s', (_, options, message) => {
    expect(refusal(options)).toBe(message)
  })
})

describe('a rule', () => {
  it.each<[string, OptionRule, unknown[], unknown[]]>([
    ['aBoolean', aBoolean, [true, false], [0, 'true', null]],
    ['aFunction', aFunction, [() => {}, Map], [{}, 'f', null]],
    ['aString', aString, ['a'], ['', 5, null]],
    ['aListOfStrings', aListOfStrings, [[], ['a']], ['a', [1], {}, null]],
    ['aPositiveNumber', aPositiveNumber, [1, 0.5], [0, -1, NaN, Infinity, '1', null]],
    ['oneOf', oneOf('a', 'b'), ['a', 'b'], ['c', '', null, ['a']]],
    ['anObjectWith', anObjectWith('a Meter', 'add'), [{ add() {} }], [{}, null, undefined, 5, { add: 1 }]],
    ['anyOf', anyOf(aBoolean, oneOf('auto')), [true, 'auto'], ['manual', 1]],
    [
      'aRecordOf',
      aRecordOf({ a: aBoolean }),
      [{}, { a: true }, { a: undefined }],
      [{ b: 1 }, { a: 1 }, [], null],
    ],
  ])('%s accepts what it says, and nothing else', (_, rule, good, bad) => {
    expect(good.filter(value => !rule.accepts(value))).toEqual([])
    expect(bad.filter(value => rule.accepts(value))).toEqual([])
  })

  it('describes what it expects', () => {
    expect(oneOf('a', 'b').expected).toBe("'a', 'b'")
    expect(anObjectWith('a Meter', 'add', 'record').expected).toBe('a Meter (an object with add(), record())')
    expect(anyOf(aBoolean, aFunction).expected).toBe('true or false, or a function')
  })
})

describe('a given value in a message', () => {
  class Pool {
    password = 'hunter2'
  }

  it.each<[string, unknown, string]>([
    ['a string is quoted', 'x', "'x'"],
    ['a number is unchanged', 5, '5'],
    ['a list is short', ['a', 1, {}], "[ 'a', 1, {} ]"],
    [
      'an object shows no strings, which may be secret',
      { user: 'u', password: 'hunter2' },
      "{ user: '…', password: '…' }",
    ],
    ['an empty object is empty', {}, '{}'],
    ['an object of a class is called by it', new Pool(), 'an instance of Pool'],
    ['a map is called by its class', new Map([['password', 'hunter2']]), 'an instance of Map'],
    [
      'a getter is not called',
      {
        get trap(): never {
          throw new Error('no')
        },
      },
      '{ trap: [Getter] }',
    ],
    ['a URL shows no password', 'postgres://u:hunter2@db:5432/shop', "'postgres://…@db:5432/shop'"],
    ['a URL shows no query', 'https://h.test/p?key=hunter2&b=', "'https://h.test/p?key=…&b='"],
  ])('%s', (_, value, text) => {
    expect(show(value)).toBe(text)
  })

  it('is cut when it is long', () => {
    expect(show('x'.repeat(200))).toBe(`'${'x'.repeat(78)}…`)
  })

  it('is its type when it cannot be inspected', () => {
    const closed = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('no')
        },
        getPrototypeOf() {
          throw new Error('no')
        },
      },
    )
    expect(show(closed)).toBe('object')
  })
})
