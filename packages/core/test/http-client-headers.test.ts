import { describe, expect, it } from '@jest/globals'
import { array, assert, constantFrom, oneof, property, string, tuple, type Arbitrary } from 'fast-check'

import {
  headerOf,
  headersRecord,
  settleHeaders,
  withHeaders,
  withoutHeaders,
} from '../src/http/request-headers.ts'

const ADDED = ['traceparent', '00-a-b-01']

/** Like a generator: it yields each value once. */
function once(): Iterable<[string, string]> {
  return new Map([
    ['a', '1'],
    ['B', '2'],
  ]).entries()
}

describe('headers of any shape', () => {
  it.each<[string, unknown, unknown]>([
    ['none', undefined, ADDED],
    ['null', null, ADDED],
    ['an object', { a: '1', B: '2' }, { a: '1', B: '2', traceparent: '00-a-b-01' }],
    ['an object with lists', { a: ['1', '2'] }, { a: ['1', '2'], traceparent: '00-a-b-01' }],
    ['a flat list', ['a', '1', 'B', '2'], ['a', '1', 'B', '2', ...ADDED]],
    [
      'a list of pairs',
      [
        ['a', '1'],
        ['B', '2'],
      ],
      [['a', '1'], ['B', '2'], ADDED],
    ],
    ['Headers', new Headers({ a: '1', b: '2' }), ['a', '1', 'b', '2', ...ADDED]],
    ['a Map', new Map([['a', '1']]), ['a', '1', ...ADDED]],
    ['an iterable that can be read once', once(), ['a', '1', 'B', '2', ...ADDED]],
    [
      'an object without a prototype',
      Object.assign(Object.create(null) as object, { a: '1' }),
      { a: '1', traceparent: '00-a-b-01' },
    ],
    ['an empty array', [], ADDED],
    ['an empty object', {}, { traceparent: '00-a-b-01' }],
  ])('%s take another one', (_, headers, expected) => {
    expect(withHeaders(settleHeaders(headers), ADDED)).toEqual(expected)
  })

  it.each<[string, unknown]>([
    ['a flat list of odd length', ['a']],
    ['a string', 'a: 1'],
    ['a number', 7],
  ])('%s are unchanged, so that the client refuses them', (_, headers) => {
    expect(withHeaders(settleHeaders(headers), ADDED)).toBe(headers)
  })

  it('that an iterable cannot give are refused by the client in the same way', () => {
    const bad = settleHeaders(new Set(['a', 'b'])) as Iterable<unknown>
    expect([...(withHeaders(bad, ADDED) as Iterable<unknown>)]).toEqual(['a', 'b'])
    const failing = {
      *[Symbol.iterator](): Generator<string[]> {
        yield ['a', '1']
        throw new Error('no more')
      },
    }
    const settled = withHeaders(settleHeaders(failing), ADDED) as Iterable<unknown>
    expect(() => [...settled]).toThrow('no more')
  })
})

type Shape = (pairs: [string, string][]) => unknown
const SHAPES: [string, Shape][] = [
  ['an object', pairs => Object.freeze(Object.fromEntries(pairs))],
  ['a flat list', pairs => Object.freeze(pairs.flat())],
  ['a list of pairs', pairs => Object.freeze(pairs.map(pair => Object.freeze(pair)))],
  ['a Map', pairs => new Map(pairs)],
]

const NAMES = ['traceparent', 'TraceParent', 'baggage', 'x', 'X-Other', 'host', '__proto__']
const headerPairs: Arbitrary<[string, string][]> = array(
  tuple(oneof(constantFrom(...NAMES), string({ minLength: 1 })), string()),
)

describe.each(SHAPES)('of %s', (_, shape) => {
  it('a copy has the old and the added ones, and the given object is unchanged', () => {
    assert(
      property(headerPairs, pairs => {
        const given = shape(pairs)
        const before = structuredClone(given)
        const settled = settleHeaders(given)
        const copy = withHeaders(settled, ['x-added', 'value'])
        expect(given).toEqual(before)
        expect(headerOf(copy, 'x-added')).toBe(pairs.find(([name]) => name === 'x-added')?.[1] ?? 'value')
        expect(headersRecord(copy)).toEqual(headersRecord([...flat(settled), 'x-added', 'value']))
      }),
    )
  })

  it('a copy without a header has all others, in the same order', () => {
    assert(
      property(headerPairs, pairs => {
        const settled = settleHeaders(shape(pairs))
        const copy = withoutHeaders(settled, ['traceparent', 'x'])
        expect(headerOf(copy, 'traceparent')).toBeUndefined()
        expect(flat(copy)).toEqual(
          flat(settled).filter((__, i, all) => !/^(?:traceparent|x)$/i.test(all[i - (i % 2)] ?? '')),
        )
      }),
    )
  })
})

function flat(headers: unknown): string[] {
  if (Array.isArray(headers)) return headers.flat() as string[]
  return Object.entries(headers as Record<string, string>).flat()
}
