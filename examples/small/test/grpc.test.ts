import { expect, it } from '@jest/globals'

import { LONGEST, pictureOf, run } from './program.ts'

it(
  'the program for gRPC prints the trace of its calls',
  async () => {
    const { output, traces } = await run('grpc')

    expect(output.trimEnd().split('\n')).toEqual([
      'there is soup',
      'there is tea',
      'hot soup',
      '5 NOT_FOUND: it does not fit into any pot',
    ])
    expect(traces).toEqual([
      'trace 8 spans, 1 service',
      'kitchen INTERNAL dine',
      'kitchen ├─ CLIENT shop.Kitchen/Menu',
      'kitchen │  └─ SERVER shop.Kitchen/Menu',
      'kitchen ├─ CLIENT shop.Kitchen/Cook',
      'kitchen │  └─ SERVER shop.Kitchen/Cook',
      'kitchen │     └─ INTERNAL boil',
      'kitchen └─ CLIENT shop.Kitchen/Cook ✗ NOT_FOUND',
      'kitchen    └─ SERVER shop.Kitchen/Cook',
    ])
    expect(traces).toEqual(expect.arrayContaining(pictureOf('grpc')))
  },
  LONGEST,
)
