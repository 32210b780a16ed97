import { expect, it } from '@jest/globals'

import { LONGEST, pictureOf, run } from './program.ts'

it(
  'the program for pg prints the trace of its queries',
  async () => {
    const { output, traces } = await run('pg')

    expect(output.trimEnd().split('\n')).toEqual(['entries read: 30', 'refused: 22P02'])
    expect(traces).toEqual([
      'trace 10 spans, 1 service',
      'ledger INTERNAL keep books',
      'ledger ├─ CLIENT CREATE TABLE entries',
      'ledger ├─ CLIENT INSERT entries SELECT generate_series',
      'ledger ├─ INTERNAL transaction',
      'ledger │  ├─ CLIENT BEGIN',
      'ledger │  ├─ CLIENT UPDATE entries',
      'ledger │  ├─ CLIENT UPDATE entries',
      'ledger │  └─ CLIENT COMMIT',
      'ledger ├─ CLIENT SELECT entries',
      'ledger └─ CLIENT INSERT entries ✗ 22P02',
    ])
    expect(traces).toEqual(expect.arrayContaining(pictureOf('pg')))
  },
  LONGEST,
)
