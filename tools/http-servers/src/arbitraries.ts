import * as fc from 'fast-check'

import { requestOf } from '@spanwright/test-kit'
import { anyPath, text } from '@spanwright/test-kit/arbitraries'

const target = fc
  .tuple(
    fc.constantFrom(
      '/',
      '/shop/',
      '//',
      '/mounted/',
      'http://a.test/shop/',
      '/shop/%',
      '/shop/?',
      '/%2e%2e/',
    ),
    fc.oneof(text(0x21, 0x7e, 40), anyPath, text(0x21, 0xff, 10)),
    fc.oneof(
      fc.constant(''),
      text(0x21, 0x7e, 40).map(query => `?${query}`),
    ),
  )
  .map(parts => parts.join(''))

const header = fc.tuple(
  fc.constantFrom(
    'traceparent',
    'tracestate',
    'baggage',
    'host',
    'user-agent',
    'cookie',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'x-id',
  ),
  fc.oneof(
    text(0x20, 0x7e, 80),
    text(0x80, 0xff, 20),
    fc.constantFrom('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', ',', '[::1', ':', '@', '%'),
    text(0x61, 0x7a, 10).map(word => `${word}=1,`.repeat(500)),
  ),
)

/** A request as it may come over a connection: odd targets, odd headers, known and unknown methods. */
export const anyRequest: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'PURGE', 'QUERY', 'M-SEARCH', 'DELETE'),
    target,
    fc.array(header, { maxLength: 6 }),
  )
  .map(([method, path, headers]) =>
    requestOf(
      `${method} ${path}`,
      headers.map(([name, value]) => `${name}: ${value}`),
    ),
  )

/** Names and values of a query; some of the names are those of secrets. */
export const queryPairs: fc.Arbitrary<[string, string][]> = fc.array(
  fc.tuple(
    fc.oneof(
      text(0x21, 0x7e, 8).map(name => name.replaceAll(/[&=?#]/g, '_')),
      fc.constant('sig'),
    ),
    text(0x21, 0x7e, 12).map(value => value.replaceAll(/[&#]/g, '_')),
  ),
  { minLength: 1, maxLength: 6 },
)
