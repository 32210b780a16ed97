import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { loadModule, parseSync } from 'libpg-query'

import { nameIn } from '../../src/sql/names.ts'
import { readStatement } from '../../src/sql/statement.ts'
import { runs } from '../runs.ts'

beforeAll(() => loadModule(), 60_000)

/** The procedure that every statement of a text calls, by PostgreSQL's parser: the parts of its name. */
function calledIn(text: string): string[] | undefined {
  const names = (parseSync(text).stmts ?? []).map(({ stmt }) => {
    const { CallStmt: call } = stmt as {
      CallStmt?: { funccall: { funcname: { String: { sval: string } }[] } }
    }
    return call?.funccall.funcname.map(part => part.String.sval)
  })
  const [first, ...others] = names
  return others.every(name => JSON.stringify(name) === JSON.stringify(first)) ? first : undefined
}

/** The parts of a name, as PostgreSQL reads them. */
function partsOf(spelt: string | undefined): string[] | undefined {
  return spelt?.match(/(?:U&)?"(?:[^"]|"")*"|[^."]+/gi)?.map(nameIn)
}

const part = fc.constantFrom(
  'adopt',
  'Adopt',
  '"a ""b"" (1)"',
  '"Adopt"',
  'U&"\\0061"',
  'call',
  'batch',
  'é',
  'a$1',
  '"."',
)
const space = fc.constantFrom('', ' ', '\n', ' /* ; */ ', ' -- x\n ')
const argument = fc.constantFrom(
  '1',
  "'x;y'",
  '$1',
  'n => 2',
  '(SELECT 1 FROM t)',
  'ARRAY[1, 2]',
  'f(a, b)',
  'VARIADIC ARRAY[1]',
  'call',
  '$$ CALL other() $$',
)
const name = fc
  .tuple(part, fc.option(fc.tuple(space, space, part), { nil: undefined }))
  .map(([first, more]) => (more ? `${first}${more[0]}.${more[1]}${more[2]}` : first))
const call = fc
  .tuple(fc.constantFrom('CALL', 'call', 'Call'), name, space, fc.array(argument, { maxLength: 3 }))
  .map(([word, called, gap, given]) => `${word} ${called}${gap}(${given.join(', ')})`)
const other = fc.constantFrom(
  'SELECT call FROM t',
  'SELECT * FROM call(1)',
  'CREATE PROCEDURE call() LANGUAGE sql AS $$ CALL x() $$',
  "SELECT 'CALL x()'",
  'DROP PROCEDURE adopt',
  'EXPLAIN SELECT 1',
  'DO $$ BEGIN CALL x(); END $$',
  'BEGIN',
)
const text = fc.oneof(
  call,
  fc.tuple(space, call, space, fc.constantFrom('', ';', ';;')).map(pieces => pieces.join('')),
  fc.tuple(call, call).map(calls => calls.join('; ')),
  call.map(one => `${one}; ${one}`),
  fc.tuple(call, other).map(both => both.join('; ')),
  other,
)

describe('db.stored_procedure.name', () => {
  it('is the procedure that PostgreSQL calls, where the whole text calls one', () => {
    const counts = { called: 0, others: 0 }
    fc.assert(
      fc.property(text, sql => {
        let expected: string[] | undefined
        try {
          expected = calledIn(sql)
        } catch {
          return
        }
        const { procedure, summary } = readStatement(sql, true)
        counts[expected ? 'called' : 'others']++
        // Two spellings of one name are not compared.
        const mayDiffer = procedure === undefined && summary === 'BATCH'
        expect(partsOf(procedure)).toEqual(mayDiffer ? undefined : expected)
        expect(summary === 'BATCH' || summary.includes(procedure ?? '')).toBe(true)
      }),
      { numRuns: runs(10_000), seed: 20_261_128 },
    )
    expect(counts.called).toBeGreaterThan(runs(4000))
    expect(counts.others).toBeGreaterThan(runs(2000))
  })

  it('is omitted when it does not fit into a summary', () => {
    const { procedure, summary } = readStatement(`CALL ${'x'.repeat(300)}()`, true)
    expect({ procedure, summary }).toEqual({ procedure: undefined, summary: 'CALL' })
  })
})
