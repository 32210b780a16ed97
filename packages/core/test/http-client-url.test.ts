import { describe, expect, it } from '@jest/globals'
import {
  assert,
  constantFrom,
  integer,
  property,
  string,
  tuple,
  webPath,
  webQueryParameters,
} from 'fast-check'
import type { Attributes } from '@opentelemetry/api'
import { corpus } from '@spanwright/test-kit/corpus'

import { Destinations } from '../src/http/client/destination.ts'
import { OutboundPolicy } from '../src/http/client/policy.ts'
import { sensitiveQueryKeys } from '../src/http/url.ts'

const destinations = new Destinations(new OutboundPolicy('tracing()'), sensitiveQueryKeys())

function attributesOf(origin: string, path: string, host?: string): Attributes {
  const attributes: Attributes = {}
  const destination = destinations.resolve(origin, path, host)
  if (destination) destinations.describe(attributes, destination)
  return attributes
}

/** The credentials that a URL has for its reader, except those that are redacted. */
function credentialsIn(url: string): string {
  if (!URL.canParse(url)) return ''
  const { username, password } = new URL(url)
  return (username + password).replaceAll('REDACTED', '')
}

describe('the destination of a request', () => {
  it.each([
    ['http://api.test', '/x?a=1', 'api.test', 80, 'http://api.test/x?a=1'],
    ['https://api.test', '/', 'api.test', 443, 'https://api.test/'],
    ['https://api.test:8443', '/', 'api.test', 8443, 'https://api.test:8443/'],
    ['http://[::1]:80', '/x', '::1', 80, 'http://[::1]:80/x'],
    ['http://API.test', '/x', 'api.test', 80, 'http://API.test/x'],
    ['http://api.test/', '/x', 'api.test', 80, 'http://api.test/x'],
    ['http://bob:secret@api.test', '/x', 'api.test', 80, 'http://REDACTED:REDACTED@api.test/x'],
    ['http://bob@api.test', '/x', 'api.test', 80, 'http://REDACTED@api.test/x'],
    // Other spellings of the same: only the parsed form is recorded.
    [' http://bob:secret@api.test', '/x', 'api.test', 80, 'http://REDACTED:REDACTED@api.test/x'],
    ['http:/bob:secret@api.test', '/x', 'api.test', 80, 'http://REDACTED:REDACTED@api.test/x'],
    ['http:bob:secret@api.test', '/x', 'api.test', 80, 'http://REDACTED:REDACTED@api.test/x'],
    [String.raw`http:\\bob:secret@api.test`, '/x', 'api.test', 80, 'http://REDACTED:REDACTED@api.test/x'],
    ['ht\ttp://bob:sec\nret@api.test', '/x', 'api.test', 80, 'http://REDACTED:REDACTED@api.test/x'],
    ['HTTP://bob:secret@API.test:8080', '/x', 'api.test', 8080, 'http://REDACTED:REDACTED@api.test:8080/x'],
    ['http://proxy.test:3128', 'http://api.test:81/x?y', 'api.test', 81, 'http://api.test:81/x?y'],
    ['http://proxy.test:3128', 'https://api.test', 'api.test', 443, 'https://api.test'],
  ])('of %s and %s', (origin, path, address, port, url) => {
    expect(attributesOf(origin, path)).toEqual({
      'server.address': address,
      'server.port': port,
      'url.full': url,
    })
  })

  it('is named by the Host header where the origin is an address', () => {
    expect(attributesOf('http://192.0.2.7:8080', '/x', 'api.test:8080')).toEqual({
      'server.address': 'api.test',
      'server.port': 8080,
      'url.full': 'http://api.test:8080/x',
    })
    expect(attributesOf('http://other.test', '/x', 'api.test')['server.address']).toBe('other.test')
    expect(attributesOf('http://192.0.2.7', '/x', 'a b')['server.address']).toBe('192.0.2.7')
  })

  it.each(['', 'api.test', 'ftp://api.test', 'undefined', 'http://', 'null'])('of %p is unknown', origin => {
    expect(destinations.resolve(origin, '/')).toBeUndefined()
  })

  it('is the URL byte for byte, without secrets', () => {
    const hosts = constantFrom('api.test', '192.0.2.7', '[::1]', 'xn--bcher-kva.test')
    const parts = tuple(constantFrom('http', 'https'), hosts, integer({ min: 1, max: 65_535 }), webPath())
    assert(
      property(
        parts,
        webQueryParameters(),
        string({ minLength: 8 }),
        ([scheme, host, port, path], query, secret) => {
          const origin = `${scheme}://${host}:${port}`
          const target = `${path || '/'}?${query}`
          expect(attributesOf(origin, target)['url.full']).toBe(origin + target)
          expect(attributesOf(origin, target)['server.port']).toBe(port)
          const hidden = attributesOf(origin, `${target}&sig=~${encodeURIComponent(secret)}`)['url.full']
          expect(hidden).toBe(`${origin}${target}&sig=REDACTED`)
        },
      ),
    )
  })

  it('never contains credentials, whatever the spelling', () => {
    const { examples, like } = corpus('url')
    let known = 0
    assert(
      property(like, text => {
        const absolute = /^(?:http|https):\/\//i.test(text)
        for (const attributes of [
          attributesOf(text, '/x'),
          absolute ? attributesOf('http://proxy.test', text) : {},
        ]) {
          known += 'url.full' in attributes ? 1 : 0
          expect(credentialsIn(String(attributes['url.full']))).toBe('')
        }
      }),
      { examples, numRuns: 1000 },
    )
    expect(known).toBeGreaterThan(100)
  })

  it('is computed again when there are more origins than the cache holds', () => {
    for (let i = 0; i < 1000; i++)
      expect(attributesOf(`http://h${i}.test`, '/')['server.address']).toBe(`h${i}.test`)
    expect(attributesOf('http://h0.test', '/')['server.address']).toBe('h0.test')
  })
})
