import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'

import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { loadModule } from 'libpg-query'

import { readStatement } from '../../src/sql/statement.ts'
import { statement } from './generated-sql.ts'
import {
  countedLiterals,
  scan,
  type ScannedToken,
  shapeOf,
  sqlOfPostgres,
  statementsOf,
  withStands,
} from './postgres-parser.ts'
import { runs } from '../runs.ts'

beforeAll(() => loadModule(), 60_000)

/** What masking did wrong to a statement; undefined when nothing. */
function faultOf(text: string, tokens: readonly ScannedToken[], before: unknown): string | undefined {
  const { masked } = readStatement(text, true)
  const left = scan(masked)
  if (countedLiterals(left).length > 0) return `a literal survives: ${masked}`
  if (left.some(token => token.isComment)) return `a comment survives: ${masked}`
  // Values of settings go as a whole; `setting.test.ts` looks at these.
  if (JSON.stringify(before).includes('VAR_SET_VALUE')) return undefined
  const stands = countedLiterals(tokens).map(({ stand }) => stand)
  const pieces = masked.split('?')
  if (pieces.length !== stands.length + 1) return `${stands.length} literals, but masked: ${masked}`
  const filled = pieces.map((piece, index) => piece + (stands[index] ?? '')).join('')
  return isDeepStrictEqual(before, shapeOf(filled)) ? undefined : `another structure: ${masked}`
}

/** Where `?` is an operator too, it is not to be told from a placeholder; `oracle.test.ts` looks at these. */
function hasQuestionMarks(tokens: readonly ScannedToken[]): boolean {
  return tokens.some(token => !token.stand && !token.isComment && token.text.includes('?'))
}

describe('masked text has the structure of the statement, and no literal of it, for', () => {
  it('the SQL that PostgreSQL is shipped with', () => {
    const faults: string[] = []
    const counts = { files: 0, statements: 0, compared: 0 }
    for (const path of sqlOfPostgres()) {
      counts.files++
      for (const text of statementsOf(readFileSync(path, 'utf8'))) {
        counts.statements++
        const tokens = scan(text)
        const before = shapeOf(withStands(text, tokens))
        if (before === undefined || hasQuestionMarks(tokens)) continue
        counts.compared++
        const fault = faultOf(text, tokens, before)
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
        const tokens = scan(text)
        const before = shapeOf(withStands(text, tokens))
        if (before === undefined) return
        compared++
        expect(faultOf(text, tokens, before)).toBeUndefined()
      }),
      { numRuns: runs(20_000), seed: 20_261_125 },
    )
    expect(compared).toBeGreaterThan(runs(19_000))
  }, 600_000)
})
