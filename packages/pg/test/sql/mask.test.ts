import { describe, expect, it } from '@jest/globals'

import { readStatement, statementOf } from '../../src/sql/statement.ts'

function maskOf(text: string): string {
  return readStatement(text, true).masked
}

describe('masked text', () => {
  it.each([
    ["SELECT 'hello'", 'SELECT ?'],
    ["SELECT 'My name''s not \n important'", 'SELECT ?'],
    ["SELECT E'it\\'s', e'\\\\', 'back\\', 1", 'SELECT ?, ?, ?, ?'],
    ["SELECT U&'d\\0061t' UESCAPE '!', B'101', x'1F', N'n'", 'SELECT ? UESCAPE ?, ?, ?, ?'],
    ["SELECT 'one'\n  'two', E'a'\n-- note\n'b\\'c', 'd' 'e'", 'SELECT ?, ?, ? ?'],
    ['SELECT $$a$b$$, $tag$ $$ $tag $tag$, $1', 'SELECT ?, ?, $1'],
    ['SELECT a$b$c FROM t$1', 'SELECT a$b$c FROM t$1'],
    ['SELECT 12, -12, +12.34, .01, -.01, 12.34e-56, 1e10, 5.', 'SELECT ?, ?, ?, ?, ?, ?, ?, ?'],
    ['SELECT 0xDEADBEEF, 0b11, 0o17, 1_000.5_0, 12ab', 'SELECT ?, ?, ?, ?, ?'],
    ['FOR i IN 1..2 LOOP', 'FOR i IN ?..? LOOP'],
    ['SELECT c3po, r2d2 FROM covid19 WHERE n1h1=1234', 'SELECT c3po, r2d2 FROM covid19 WHERE n1h1=?'],
    ['SELECT 99+100, 3 - -4, a-5, (a)-5, a[1]-5, $1-5', 'SELECT ?+?, ? - ?, a-?, (a)-?, a[?]-?, $1-?'],
    ['WHERE a=-5 AND b >-5 AND c BETWEEN -1 AND -2', 'WHERE a=? AND b >? AND c BETWEEN ? AND ?'],
    ['SELECT - 5, @-5, -(5)', 'SELECT - ?, @-?, -(?)'],
    [
      'SELECT t.desc -5, t.limit-1, t . true, t.in (1, 2), t./* x */false',
      'SELECT t.desc -?, t.limit-?, t . true, t.in (?, ?), t. false',
    ],
    ['substring(a FROM -1 FOR -2), f(VARIADIC -1)', 'substring(a FROM ? FOR ?), f(VARIADIC ?)'],
    ['BETWEEN ASYMMETRIC -2 AND -1', 'BETWEEN ASYMMETRIC ? AND ?'],
    ['WHERE NOT TRUE AND a IS NOT TRUE AND (NOT FALSE)', 'WHERE NOT ? AND a IS NOT TRUE AND (NOT ?)'],
    ['SELECT a[1:2], a[-1:-2], - -1, +-5, 1 - - 5', 'SELECT a[?:?], a[?:?], - ?, +?, ? - - ?'],
    ["SELECT '1 day'::interval -5, ::interval '1 day'", 'SELECT ?::interval -?, ::interval ?'],
    [
      "WHERE a IN ('a'::text, 'b'::text) AND (a, b) IN ((1, 2))",
      'WHERE a IN (?::text, ?::text) AND (a, b) IN ((?, ?))',
    ],
    ['SELECT $é$ x $é$, $1$x$1', 'SELECT ?, $1?'],
    ["SELECT '1'::int::text, a::varchar(20)", 'SELECT ?::int::text, a::varchar(?)'],
    [
      "WHERE doc ? 'key' AND doc ?| array['a'] AND doc ?& $1",
      'WHERE doc ? ? AND doc ?| array[?] AND doc ?& $1',
    ],
    ["WHERE doc->'a'->>'b' = 'c' OR doc#>>'{a,1}' @> '[]'", 'WHERE doc->?->>? = ? OR doc#>>? @> ?'],
    ["WHERE a IN (1, -2, 'x') AND b NOT IN ('y')", 'WHERE a IN (?) AND b NOT IN (?)'],
    ['WHERE a IN (1, b, 2) AND c IN (SELECT 1, 2)', 'WHERE a IN (?, b, ?) AND c IN (SELECT ?, ?)'],
    ["WHERE value IN ('abc', 0xAB, .456,", 'WHERE value IN (?, ?, ?,'],
    ['VALUES (1, 2), (3, 4)', 'VALUES (?, ?), (?, ?)'],
    [
      'WHERE a = TRUE AND b IS NOT FALSE AND c IS TRUE AND d IS NULL',
      'WHERE a = ? AND b IS NOT FALSE AND c IS TRUE AND d IS NULL',
    ],
    ["SELECT DATE '2020-01-01', INTERVAL '1 day'", 'SELECT DATE ?, INTERVAL ?'],
    ['SELECT column -- secret\nFROM /* a /* nested */ secret */ table', 'SELECT column \nFROM  table'],
    ['SELECT/**/1/**/FROM/* x */t', 'SELECT ? FROM t'],
    ['SELECT "it\'s", "a""1", U&"d\\0061t" FROM "5"', 'SELECT "it\'s", "a""1", U&"d\\0061t" FROM "5"'],
    ["SELECT a -- it's\n, 'b' --", 'SELECT a \n, ? '],
    ["ALTER USER u PASSWORD 'secret'", 'ALTER USER u PASSWORD ?'],
    ["SELECT 'not closed", 'SELECT ?'],
    ["SELECT E'not closed\\", 'SELECT ?'],
    ['SELECT $x$ not closed $y$', 'SELECT ?'],
    ['SELECT 1 /* not closed', 'SELECT ? '],
    ['SELECT "not closed', 'SELECT "not closed'],
    ['SELECT 1 $ 2 \\ 3 { 4 } à5', 'SELECT ? $ ? \\ ? { ? } à5'],
  ])('%s → %s', (text, masked) => {
    expect(maskOf(text)).toBe(masked)
  })

  const megabyte = 1 << 20
  it.each([
    ['quotes', "'"],
    ['pairs of quote and space', "' "],
    ['quotes and line breaks', "'\n"],
    ['comment openers', '/*'],
    ['dashes', '-'],
    ['signs', '+-'],
    ['dollars', '$'],
    ['dollar tags', '$a'],
    ['different dollar tags', '$a$ b'],
    ['parentheses', '('],
    ['closing parentheses', ')'],
    ['double quotes', '"'],
    ['backslashes', "E'\\"],
    ['letters', 'e'],
    ['digits', '1'],
    ['semicolons', 'a;'],
    ['names', 'a.'],
    ['lists', 'IN (1,'],
    ['operators and comment openers', '*/*'],
    ['CTEs', 'WITH a AS ('],
  ])('takes linear time for a mebibyte of %s', (_, piece) => {
    const long = piece.repeat(megabyte / piece.length)
    const short = long.slice(0, long.length / 16)
    readStatement(short, true)
    // 16 times the text may take 16 times as long; square time would take 256 times as long.
    const bound = Math.max(200, 64 * timeOf(short))
    expect(timeOf(long, bound)).toBeLessThan(bound)
  })

  it('is cached by text, and correct for more texts than the cache holds', () => {
    for (let i = 0; i < 1200; i++) {
      expect(statementOf(`SELECT ${i} FROM t${i}`, true)).toMatchObject({
        summary: `SELECT t${i}`,
        masked: `SELECT ? FROM t${i}`,
        count: 1,
      })
    }
    expect(statementOf('SELECT 1 FROM t1', true)).toBe(statementOf('SELECT 1 FROM t1', true))
    expect(statementOf('SELECT 1199 FROM t1199', true)).toBe(statementOf('SELECT 1199 FROM t1199', true))
  })
})

/** Milliseconds of the processor that reading a text takes, at best of four times or at the first below a bound. */
function timeOf(text: string, bound = 0): number {
  let best = Infinity
  for (let times = 0; times < 4 && best >= bound; times++) {
    const before = process.cpuUsage()
    readStatement(text, true)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / 1000)
  }
  return best
}
