import { readFileSync } from 'node:fs'

import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { loadModule } from 'libpg-query'

import { readStatement } from '../../src/sql/statement.ts'
import { queryStatement } from './generated-queries.ts'
import { queryOfView, targetsIn, targetsOf } from './parse-tree.ts'
import { sqlOfPostgres, statementsOf } from './postgres-parser.ts'
import { runs } from '../runs.ts'

beforeAll(() => loadModule(), 60_000)

/** What a summary says of targets and queries beside what the parse tree says; undefined where that has neither. */
function compare(text: string): { own: unknown; found: unknown } | undefined {
  const found = targetsIn(text)
  if (!found) return undefined
  const { summary } = readStatement(text, true)
  const own = targetsOf(summary)
  // Without the parts that had no room, and without names that are spelt like an operation.
  const { targets } = targetsOf(found.targets.join(' '))
  const isCut = summary.length > LONGEST - Math.max(0, ...targets.map(target => target.length + 1))
  return {
    own: { targets: own.targets, queries: isCut || found.queries === undefined ? undefined : own.queries },
    found: {
      targets: isCut ? targets.slice(0, own.targets.length) : targets,
      queries: isCut ? undefined : found.queries,
    },
  }
}

const LONGEST = 255

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
