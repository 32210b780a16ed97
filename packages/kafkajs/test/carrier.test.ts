import { describe, expect, it } from '@jest/globals'
import { corpus } from '@spanwright/test-kit/corpus'
import * as fc from 'fast-check'

import { headerGetter, type RecordHeaders, replaceHeaders } from '../src/message/carrier.ts'

describe('the carrier of record headers', () => {
  it('reads bytes and text', () => {
    const headers = { traceparent: Buffer.from('00-abc'), tracestate: 'a=1' }

    expect(headerGetter.get(headers, 'traceparent')).toBe('00-abc')
    expect(headerGetter.get(headers, 'tracestate')).toBe('a=1')
    expect(headerGetter.keys(headers)).toEqual(['traceparent', 'tracestate'])
  })

  it('takes the last of a repeated header', () => {
    const headers = { traceparent: [Buffer.from('old'), Buffer.from('new')], tracestate: ['a=1', 'b=2'] }

    expect(headerGetter.get(headers, 'traceparent')).toBe('new')
    expect(headerGetter.get(headers, 'tracestate')).toBe('b=2')
  })

  it('finds a header that is written in another case, and prefers the exact one', () => {
    expect(headerGetter.get({ TraceParent: 'x' }, 'traceparent')).toBe('x')
    expect(headerGetter.get({ TraceParent: 'x', traceparent: 'y' }, 'traceparent')).toBe('y')
    expect(headerGetter.get({ 'x-b3-traceid': 'z' }, 'X-B3-TraceId')).toBe('z')
  })

  it('finds nothing where nothing is, or where no text can be read', () => {
    expect(headerGetter.get({}, 'traceparent')).toBeUndefined()
    expect(headerGetter.get({ traceparent: null }, 'traceparent')).toBeUndefined()
    expect(headerGetter.get({ traceparent: undefined }, 'traceparent')).toBeUndefined()
    expect(headerGetter.get({ traceparent: [] }, 'traceparent')).toBeUndefined()
  })

  it('reads any headers: a string or nothing, the same as Kafka would show', () => {
    const { examples, like } = corpus('tracestate')
    const single = fc.oneof(
      like,
      like.map(text => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(null, undefined, 5, {}),
    )
    const name = fc.constantFrom('tracestate', 'TraceState', 'tracestate ', '__proto__', 'constructor', 'x')
    const headers = fc.array(fc.tuple(name, fc.oneof(single, fc.array(single, { maxLength: 3 }))), {
      maxLength: 4,
    })
    fc.assert(
      fc.property(like, headers, (text, others) => {
        const record = Object.fromEntries(others) as RecordHeaders
        for (const field of ['tracestate', 'baggage']) {
          const found = headerGetter.get(record, field)
          const isNamed = others.some(([other]) => other.toLowerCase() === field)
          expect(['undefined', isNamed ? 'string' : 'undefined']).toContain(typeof found)
        }
        const bytes = { tracestate: [Buffer.from('old'), Buffer.from(text)] }
        expect(headerGetter.get(bytes, 'tracestate')).toBe(Buffer.from(text).toString())
        const replaced = replaceHeaders(record, ['tracestate'], { tracestate: text })
        expect(headerGetter.get(replaced, 'TRACESTATE')).toBe(text)
        expect(Object.keys(replaced).filter(key => key.toLowerCase() === 'tracestate')).toEqual([
          'tracestate',
        ])
      }),
      { examples: examples.map(([text]): [string, []] => [text, []]), numRuns: 300 },
    )
  })

  it('replaces headers in a copy, whatever their case', () => {
    const headers = Object.freeze({ TraceParent: 'old', tracestate: 'a=1', id: Buffer.from([0xff]) })

    const replaced = replaceHeaders(headers, ['traceparent', 'tracestate'], { traceparent: 'new' })

    expect(replaced).toEqual({ id: Buffer.from([0xff]), traceparent: 'new' })
    expect(headers.TraceParent).toBe('old')
  })
})
