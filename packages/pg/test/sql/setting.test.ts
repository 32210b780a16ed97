import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { loadModule, parseSync } from 'libpg-query'

import { readStatement } from '../../src/sql/statement.ts'

beforeAll(() => loadModule(), 60_000)

function maskOf(text: string): string {
  return readStatement(text, true).masked
}

describe('the value of a setting', () => {
  it.each([
    ['SET app.jwt = eyJhbGciOiJI', 'SET app.jwt = ?'],
    ['SET app.jwt = eyJhbGci.eyJzdWIi.Sfl-KxwRJ ;', 'SET app.jwt = ? ;'],
    ['set local "app".jwt to "SECRET"', 'set local "app".jwt to ?'],
    ['SET SESSION app . jwt/**/=/**/secret', 'SET SESSION app . jwt = ?'],
    ['SET app.jwt secret', 'SET app.jwt ?'],
    ['SET search_path TO a, "b", \'c\'; SELECT a', 'SET search_path TO ?; SELECT a'],
    ['SET x = -5', 'SET x = ?'],
    ['SET TIME ZONE Europe', 'SET TIME ZONE ?'],
    ["SET TIME ZONE INTERVAL '1' HOUR TO MINUTE", 'SET TIME ZONE ?'],
    ['SET ROLE ann', 'SET ROLE ?'],
    ['SET SESSION AUTHORIZATION ann', 'SET SESSION AUTHORIZATION ?'],
    ['BEGIN; SET LOCAL app.user = ann; COMMIT', 'BEGIN; SET LOCAL app.user = ?; COMMIT'],
    ['ALTER ROLE ann SET app.jwt = secret', 'ALTER ROLE ann SET app.jwt = ?'],
    ['ALTER ROLE ALL IN DATABASE d SET a TO "secret"', 'ALTER ROLE ALL IN DATABASE d SET a TO ?'],
    ['ALTER DATABASE d SET a.b = secret', 'ALTER DATABASE d SET a.b = ?'],
    ['ALTER SYSTEM SET a = secret', 'ALTER SYSTEM SET a = ?'],
    ['ALTER FUNCTION f(int) SET a.b TO secret', 'ALTER FUNCTION f(int) SET a.b TO ?'],
    [
      'CREATE OR REPLACE FUNCTION f() RETURNS int SET a = secret LANGUAGE sql',
      'CREATE OR REPLACE FUNCTION f() RETURNS int SET a = ?',
    ],
  ])('is masked: %s', (text, masked) => {
    expect(maskOf(text)).toBe(masked)
    expect(maskOf(masked)).toBe(masked)
  })

  it.each([
    'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE',
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
    'SET CONSTRAINTS ALL DEFERRED',
    'UPDATE t SET a = b, c = d FROM e WHERE f = g',
    'INSERT INTO t SELECT a ON CONFLICT (b) DO UPDATE SET c = excluded.c',
    'MERGE INTO t USING s ON a = b WHEN MATCHED THEN UPDATE SET c = d',
    'EXPLAIN UPDATE t SET a = b',
    'PREPARE p AS UPDATE t SET a = b',
    'CREATE RULE r AS ON INSERT TO t DO ALSO UPDATE t SET a = b',
    'CREATE FUNCTION f() RETURNS void BEGIN ATOMIC UPDATE t SET a = b; END',
    'ALTER TABLE t ALTER a SET DEFAULT b, ALTER c SET NOT NULL, ALTER d SET STORAGE plain',
    'ALTER TABLE t SET SCHEMA s',
    'ALTER DATABASE d SET TABLESPACE s',
    'ALTER VIEW v SET (security_barrier)',
    'RESET a',
    'SHOW a.b',
  ])('is nothing else: %s', text => {
    expect(() => parseSync(text)).not.toThrow()
    expect(maskOf(text)).toBe(text)
  })

  const name = fc.constantFrom('a', 'a.b', '"A"', 'a."B".c', 'search_path', 'set', 'to')
  const value = fc.constantFrom('zq', '"Zq"', "'zq'", "E'zq'", 'zq, "zq"', "-9137, 'zq'", 'TRUE, zq', 'zq,zq')
  const assign = fc.constantFrom(' = ', '=', ' TO ', ' to\n', '/* x */=/* y */')
  const before = fc.constantFrom(
    'SET ',
    'SET LOCAL ',
    'SET SESSION ',
    'BEGIN; SET ',
    'ALTER ROLE r SET ',
    'ALTER USER "r" IN DATABASE d SET ',
    'ALTER DATABASE d SET ',
    'ALTER SYSTEM SET ',
    'ALTER PROCEDURE p() SET ',
    'CREATE FUNCTION f(a int DEFAULT 1) RETURNS int LANGUAGE sql SET ',
  )
  const after = fc.constantFrom('', ';', ' ; SELECT a', '-- x\n;')

  it('is shown in no statement that PostgreSQL reads as setting one', () => {
    let read = 0
    fc.assert(
      fc.property(before, name, assign, value, after, (...parts) => {
        const text = parts.join('')
        let tree: string
        try {
          tree = JSON.stringify(parseSync(text))
        } catch {
          return
        }
        expect(tree).toContain('VAR_SET_VALUE')
        read++
        expect(maskOf(text)).not.toMatch(/zq|9137/i)
      }),
      { numRuns: 10_000, seed: 20_261_128 },
    )
    expect(read).toBeGreaterThan(5000)
  }, 60_000)
})

describe('a string with a backslash before a quote', () => {
  const uncertain = (text: string): string => readStatement(text, false).masked

  it.each([
    ["SELECT 'a\\' , 'secret'", 'SELECT ?'],
    [
      "SELECT a FROM t WHERE b LIKE 'x' ESCAPE '\\' AND c = 'secret'",
      'SELECT a FROM t WHERE b LIKE ? ESCAPE ?',
    ],
    ["SELECT N'a\\' secret'", 'SELECT ?'],
  ])('ends the text where it is not known how strings are read: %s', (text, masked) => {
    expect(uncertain(text)).toBe(masked)
  })

  it.each([
    "SELECT 'a\\\\', b",
    "SELECT 'a\\d', b",
    "SELECT E'a\\'', b",
    "SELECT 'it''s', b",
    'SELECT $$\\$$, b',
  ])('is like any other where both readings agree: %s', text => {
    expect(uncertain(text)).toBe('SELECT ?, b')
    expect(maskOf(text)).toBe('SELECT ?, b')
  })

  it('shows no literal of either reading', () => {
    const piece = fc.constantFrom("'", "''", '\\', "\\'", 'zq', ' ', ', ', '-')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), pieces => {
        const text = `SELECT '${pieces.join('')}`
        const literal = [true, false].map(hides => literalsIn(text, hides))
        const shown = uncertain(text)
        // A word outside of literals in both readings may be shown, and no other.
        const free = text.replaceAll(/zq/g, (word, at: number) =>
          literal.some(ranges => ranges.some(([start, end]) => at >= start && at < end)) ? '??' : word,
        )
        expect(shown.split('zq').length).toBeLessThanOrEqual(free.split('zq').length)
      }),
      { numRuns: 20_000, seed: 20_261_128 },
    )
  })

  /** Where the plain strings of a text are, when a backslash hides a quote, or not. */
  function literalsIn(text: string, hides: boolean): [number, number][] {
    const pattern = hides ? /'(?:[^'\\]|\\[^]|'')*(?:'|$|\\$)/g : /'(?:[^']|'')*(?:'|$)/g
    return [...text.matchAll(pattern)].map(({ index, 0: found }) => [index, index + found.length])
  }
})
