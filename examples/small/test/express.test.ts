import { expect, it } from '@jest/globals'

import { LONGEST, pictureOf, run } from './program.ts'

it(
  'the program for Express prints the traces of its requests',
  async () => {
    const { output, traces, details } = await run('express')

    expect(output.trimEnd().split('\n')).toEqual([
      'GET /shelves/7/books/1984 was answered with 200',
      'POST /shelves/7/books was answered with 500',
      'GET /shelves/7 was answered with 404',
    ])
    expect(traces).toEqual([
      'trace 3 spans, 1 service',
      'library SERVER GET /shelves/:shelf/books/:isbn',
      'library └─ INTERNAL handler getBook',
      'library    └─ INTERNAL look the title up',
      'trace 2 spans, 1 service',
      'library SERVER POST /shelves/:shelf/books ✗ RangeError',
      'library └─ INTERNAL handler addBook ✗ RangeError',
      'trace 1 span, 1 service',
      'library SERVER GET',
    ])
    expect(details).toContain('no room on the shelf')
    expect(traces).toEqual(expect.arrayContaining(pictureOf('express')))
  },
  LONGEST,
)
