import { readFileSync } from 'node:fs'

import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { loadModule } from 'libpg-query'

import { maskingFault } from './compare.ts'
import { statement } from './generated-sql.ts'
import { sqlOfPostgres, statementsOf } from './postgres-parser.ts'
import { runs } from '../runs.ts'

beforeAll(() => loadModule(), 60_000)

describe('masked text has the structure of the statement, and no literal of it, for', () => {
  it('the SQL that PostgreSQL is shipped with', () => {
    const faults: string[] = []
    const counts = { files: 0, statements: 0, compared: 0 }
    for (const path of sqlOfPostgres()) {
      counts.files++
      for (const text of statementsOf(readFileSync(path, 'utf8'))) {
        counts.statements++
        const fault = maskingFault(text)
        if (fault === undefined) continue
        counts.compared++
        if (fault) faults.push(`${path}: ${fault}`)
      }
    }
    expect(faults).toEqual([])
    expect(counts.files).toBeGreaterThan(100)
    expect(counts.compared).toBeGreaterThan(counts.statements * 0.98)
  }, 120_000)

  it('generated statements', () => {
    let compared = 0
    fc.assert(
      fc.property(statement, text => {
        const fault = maskingFault(text)
        if (fault === undefined) return
        compared++
        expect(fault).toBe('')
      }),
      { numRuns: runs(20_000), seed: 20_261_125 },
    )
    expect(compared).toBeGreaterThan(runs(19_000))
  }, 600_000)
})
