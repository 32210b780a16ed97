import { describe, expect, it } from '@jest/globals'

import { headerGetter, replaceHeaders } from '../src/message/carrier.ts'

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

  it('replaces headers in a copy, whatever their case', () => {
    const headers = Object.freeze({ TraceParent: 'old', tracestate: 'a=1', id: Buffer.from([0xff]) })

    const replaced = replaceHeaders(headers, ['traceparent', 'tracestate'], { traceparent: 'new' })

    expect(replaced).toEqual({ id: Buffer.from([0xff]), traceparent: 'new' })
    expect(headers.TraceParent).toBe('old')
  })
})
