import { expect, it } from '@jest/globals'

import { LONGEST, pictureOf, run } from './program.ts'

it(
  'the program for Koa prints the traces of its requests',
  async () => {
    const { output, traces } = await run('koa')

    expect(output.trimEnd().split('\n')).toEqual(["{ title: 'Book 1984' }", '507 Insufficient Storage'])
    expect(traces).toEqual([
      'trace 3 spans, 1 service',
      'library SERVER GET /shelves/:shelf/books/:isbn',
      'library └─ INTERNAL handler /shelves/:shelf/books/:isbn',
      'library    └─ INTERNAL look the title up',
      'trace 3 spans, 1 service',
      'library SERVER POST /shelves/:shelf/books ✗ InsufficientStorageError',
      'library └─ INTERNAL handler /shelves/:shelf/books ✗ InsufficientStorageError',
      'library    └─ INTERNAL find room ✗ InsufficientStorageError',
    ])
    expect(traces).toEqual(expect.arrayContaining(pictureOf('koa')))
  },
  LONGEST,
)
