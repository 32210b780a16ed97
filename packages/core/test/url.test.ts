import { describe, expect, it, jest } from '@jest/globals'

import { redactUrl, splitTarget } from '@spanwright/core/plugin'
import { redactQuery, sensitiveQueryKeys, splitHost } from '../src/http/url.ts'

import { corpus } from '@spanwright/test-kit/corpus'
import * as fc from 'fast-check'

import { growthOf } from './steps.ts'

// Long strings take a while on a busy machine.
jest.setTimeout(60_000)

describe('a query', () => {
  const keys = sensitiveQueryKeys()

  it.each([
    ['sig=abc', 'sig=REDACTED'],
    ['a=1&sig=abc&b=2', 'a=1&sig=REDACTED&b=2'],
    ['sig=1&sig=2', 'sig=REDACTED&sig=REDACTED'],
    ['X-Amz-Credential=a%2Fb&X-Amz-Signature=x', 'X-Amz-Credential=REDACTED&X-Amz-Signature=REDACTED'],
    ['s%69g=abc', 's%69g=REDACTED'],
    ['Signature=a=b=c', 'Signature=REDACTED'],
    ['PassWord=x&n=1&access%5Ftoken=y', 'PassWord=REDACTED&n=1&access%5Ftoken=REDACTED'],
    ['a&token=x&b', 'a&token=REDACTED&b'],
    [
      'apiKey=1&api_key=2&client_secret=3&jwt=4',
      'apiKey=REDACTED&api_key=REDACTED&client_secret=REDACTED&jwt=REDACTED',
    ],
  ])('hides secrets: %s', (query, redacted) => {
    expect(redactQuery(query, keys)).toBe(redacted)
  })

  it.each(['', '&', '&&=&', 'a b=c d', 'a=1&a=2&a', 'sig', 'sig=', 'x=sig=3', '%ZZ=1&%=2', 'a=%00&b=+;c=d'])(
    'stays byte for byte as it came: %j',
    query => {
      expect(redactQuery(query, keys)).toBe(query)
    },
  )

  it('hides the values of exactly those keys that a server reads as secret', () => {
    const { examples, like } = corpus('query')
    const keyOf = (pair: string): string =>
      new URLSearchParams(`&${pair.split('=')[0]}=`).keys().next().value ?? ''
    const shown = (pair: string): string => {
      const sign = pair.indexOf('=')
      const isSecret = sign >= 0 && sign < pair.length - 1 && keys.has(keyOf(pair).toLowerCase())
      return isSecret ? `${pair.slice(0, sign)}=REDACTED` : pair
    }
    fc.assert(
      fc.property(like, query => {
        const redacted = redactQuery(query, keys)
        expect(redacted).toBe(query.split('&').map(shown).join('&'))
        expect(redactQuery(redacted, keys)).toBe(redacted)
      }),
      { examples, numRuns: 1000 },
    )
  })

  it('accepts another list in place of the default one', () => {
    expect(redactQuery('sig=1&Ticket=2', sensitiveQueryKeys(['tickeT']))).toBe('sig=1&Ticket=REDACTED')
  })
})

describe('a URL', () => {
  const keys = sensitiveQueryKeys()

  it.each([
    ['https://bob:pw@h.test/f?sig=abc&n=1', 'https://REDACTED:REDACTED@h.test/f?sig=REDACTED&n=1'],
    ['https://token@h.test/', 'https://REDACTED@h.test/'],
    ['https://h.test/@me?sig=a#sig=b', 'https://h.test/@me?sig=REDACTED#sig=b'],
    ['https://h.test/a?x=@', 'https://h.test/a?x=@'],
  ])('shows no credentials: %s', (url, redacted) => {
    expect(redactUrl(url, keys)).toBe(redacted)
  })
})

describe('a request target', () => {
  it.each([
    ['/a/b?c=d', { path: '/a/b', query: 'c=d' }],
    ['//double//slash', { path: '//double//slash', query: undefined }],
    ['/?', { path: '/', query: '' }],
    ['/a??b=?', { path: '/a', query: '?b=?' }],
    ['http://h.test:80/p?q', { path: '/p', query: 'q' }],
    ['http://h.test', { path: '/', query: undefined }],
    ['http://h.test?q=/', { path: '/', query: 'q=/' }],
    ['/to?u=http://x/y', { path: '/to', query: 'u=http://x/y' }],
    ['*', { path: '*', query: undefined }],
    ['', { path: '/', query: undefined }],
  ])('is split: %s', (target, parts) => {
    expect(splitTarget(target)).toEqual(parts)
  })
})

describe('a host', () => {
  it('is split as a URL parser splits it, where that accepts it', () => {
    const { examples, like } = corpus('host')
    fc.assert(
      fc.property(like, text => {
        const parts = splitHost(text)
        expect(parts?.host).not.toBe('')
        if (!/^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i.test(text) || !URL.canParse(`x://${text}`)) return
        const { hostname, port } = new URL(`x://${text}`)
        const host = parts?.host.includes(':') ? `[${parts.host}]` : parts?.host
        // The parser shortens addresses.
        expect(new URL(`x://${host}`).hostname).toBe(hostname)
        expect(parts?.port).toBe(Number(port) > 0 ? Number(port) : undefined)
      }),
      { examples, numRuns: 1000 },
    )
  })

  it.each([
    ['shop.test', { host: 'shop.test', port: undefined }],
    ['shop.test:8080', { host: 'shop.test', port: 8080 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['[::1]', { host: '::1', port: undefined }],
    ['h:99999', { host: 'h', port: undefined }],
    ['h:0x50', { host: 'h', port: undefined }],
    ['h:8e1', { host: 'h', port: undefined }],
    ['h: 80 ', { host: 'h', port: undefined }],
    ['h:x', { host: 'h', port: undefined }],
    [':80', undefined],
    ['[]', undefined],
    ['[::1', undefined],
    ['[::1]x:80', undefined],
    ['', undefined],
  ])('is split: %s', (authority, parts) => {
    expect(splitHost(authority)).toEqual(parts)
  })
})

describe('a long one', () => {
  const keys = sensitiveQueryKeys()
  const filled = (part: string, size: number): string => part.repeat(size / part.length)

  it.each(['&', '&a', '&a=', '&&=&', '=', 'token=x&', '%73ig=1&', 'a'])(
    'of %j takes time in proportion',
    part => {
      expect(growthOf(size => redactQuery(filled(part, size), keys))).toBeLessThan(2.1)
    },
  )

  it.each(['@', '?', '#', '/', ':', 'http://', '?@', '#?', '//@'])(
    'URL of %j takes time in proportion',
    part => {
      const work = (size: number): unknown => [
        redactUrl(`http://${filled(part, size)}`, keys),
        redactUrl(filled(part, size), keys),
        splitTarget(filled(part, size)),
        splitHost(filled(part, size)),
      ]
      expect(growthOf(work)).toBeLessThan(2.1)
    },
  )
})
