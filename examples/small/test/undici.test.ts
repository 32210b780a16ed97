import { expect, it } from '@jest/globals'

import { LONGEST, pictureOf, run } from './program.ts'

it(
  'the program for undici prints the trace of its calls',
  async () => {
    const { output, traces } = await run('undici')

    expect(output.trimEnd().split('\n')).toEqual([
      'the shelf: 200 traced: true',
      'the book: 404 traced: false',
      'the desk: 200 traced: true',
    ])
    expect(traces).toEqual([
      'trace 6 spans, 1 service',
      'reader INTERNAL visit the library',
      'reader ├─ CLIENT GET',
      'reader ├─ CLIENT GET',
      'reader ├─ CLIENT GET /lost/{isbn} ✗ 404',
      'reader ├─ CLIENT ask until they answer ✗ 503',
      'reader └─ CLIENT ask until they answer',
    ])
    expect(traces).toEqual(expect.arrayContaining(pictureOf('undici')))
  },
  LONGEST,
)
