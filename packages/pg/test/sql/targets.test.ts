import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { loadModule } from 'libpg-query'

import { readStatement } from '../../src/sql/statement.ts'
import { queryStatement } from './generated-queries.ts'
import { compare, LONGEST, maskingFault } from './compare.ts'
import { queryOfView } from './parse-tree.ts'
import { sqlOfPostgres, statementsOf } from './postgres-parser.ts'
import { statementsIn } from './script.ts'
import { runs } from '../runs.ts'

beforeAll(() => loadModule(), 60_000)

describe('the targets of a summary are those of the parse tree, for', () => {
  it('the SQL that PostgreSQL is shipped with, and the queries of its views', () => {
    let compared = 0
    for (const path of sqlOfPostgres()) {
      for (const statement of statementsOf(readFileSync(path, 'utf8'))) {
        for (const text of [statement, queryOfView(statement)]) {
          if (text === undefined) continue
          const result = compare(text)
          if (!result) continue
          compared++
          expect({ text, says: result.own }).toEqual({ text, says: result.found })
        }
      }
    }
    expect(compared).toBeGreaterThan(400)
  }, 120_000)

  it('a script of many kinds of statements', () => {
    const faults: unknown[] = []
    let compared = 0
    for (const text of statementsIn(readFileSync(join(__dirname, 'corpus.sql'), 'utf8'))) {
      const result = compare(text)
      if (!result) continue
      compared++
      if (!isDeepStrictEqual(result.own, result.found)) faults.push({ text, ...result })
      expect(readStatement(text, true).summary.length).toBeLessThanOrEqual(LONGEST)
      expect(maskingFault(text) ?? '').toBe('')
    }
    expect(faults).toEqual([])
    expect(compared).toBeGreaterThan(55)
  })

  it('generated statements', () => {
    let compared = 0
    fc.assert(
      fc.property(queryStatement, text => {
        const result = compare(text)
        if (!result) return
        compared++
        expect(result.own).toEqual(result.found)
        expect(readStatement(text, true).summary.length).toBeLessThanOrEqual(LONGEST)
      }),
      { numRuns: runs(2000), seed: 20_261_128 },
    )
    expect(compared).toBeGreaterThan(runs(1200))
  }, 300_000)
})
