import { describe, expect, it } from '@jest/globals'

import { OutboundPolicy, type PropagateTo } from '../src/http/client/policy.ts'

function allows(propagateTo: PropagateTo | undefined, url: string): boolean {
  return new OutboundPolicy('tracing()', propagateTo).allows(new URL(url))
}

describe('the context goes', () => {
  it.each<[PropagateTo | undefined, string, boolean]>([
    [undefined, 'https://anywhere.test/', true],
    [true, 'https://anywhere.test/', true],
    [false, 'https://anywhere.test/', false],
    [[], 'https://anywhere.test/', false],
    [['api.test'], 'https://api.test:8443/x', true],
    [['API.test'], 'https://api.TEST/x', true],
    [['api.test'], 'https://api.test.evil/x', false],
    [['api.test'], 'https://evil.test/?api.test', false],
    [['api.test:8080'], 'http://api.test:8080/', true],
    [['api.test:8080'], 'http://api.test/', false],
    [['api.test:443'], 'https://api.test/', true],
    [['https://api.test'], 'https://api.test/', true],
    [['https://api.test'], 'http://api.test/', false],
    [['https://api.test:443'], 'https://api.test/', true],
    [['[::1]:8080'], 'http://[::1]:8080/', true],
    [['[::1]'], 'http://[::1]:8080/', true],
    [[/\.test$/], 'https://api.test/', true],
    [[/^http:/], 'https://api.test/http:', false],
    [[/\.test$/g], 'https://api.test/', true],
    [url => url.pathname.startsWith('/in'), 'https://api.test/inside', true],
    [url => url.pathname.startsWith('/in'), 'https://api.test/outside', false],
    [() => 'yes' as unknown as boolean, 'https://api.test/', false],
    [
      () => {
        throw new Error('hook')
      },
      'https://api.test/',
      false,
    ],
  ])('with %p to %s: %p', (propagateTo, url, expected) => {
    expect(allows(propagateTo, url)).toBe(expected)
  })

  it('by a global expression the same every time', () => {
    const policy = new OutboundPolicy('tracing()', [/test/g])
    expect([1, 2, 3].map(() => policy.allows(new URL('http://test/')))).toEqual([true, true, true])
  })

  it.each(['', 'api.test/path', 'http://', 'a b', 'user@api.test', 'http://api.test?x', 'api.test:99999'])(
    'not to %p, which is refused',
    place => {
      expect(() => new OutboundPolicy('tracing()', [place])).toThrow(TypeError)
    },
  )
})
