import { beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { loadModule, scanSync } from 'libpg-query'
import { anyText } from '@spanwright/test-kit/arbitraries'
import { corpus } from '@spanwright/test-kit/corpus'

import { Kind } from '../../src/sql/kind.ts'
import { Lexer } from '../../src/sql/lexer.ts'
import { readStatement } from '../../src/sql/statement.ts'
import { runs } from '../runs.ts'
import { compare, maskingFault } from './compare.ts'

beforeAll(() => loadModule(), 60_000)

type Token = readonly [start: number, end: number, is: 'literal' | 'comment' | 'other']

const LITERALS = new Set(['SCONST', 'ICONST', 'FCONST'])
const COMMENTS = new Set(['SQL_COMMENT', 'C_COMMENT'])

/** The tokens PostgreSQL's own scanner sees; undefined for a text it refuses. */
function tokensOfPostgres(text: string): Token[] | undefined {
  if (CONTINUED.test(text)) return undefined
  try {
    const tokens: Token[] = []
    const bytes = Buffer.from(text)
    const indexOf = (byte: number): number => bytes.subarray(0, byte).toString().length
    for (const { start: from, end: to, tokenName, text: token } of scanSync(text).tokens) {
      // The scanner counts bytes.
      const [start, end] = bytes.length === text.length ? [from, to] : [indexOf(from), indexOf(to)]
      // The package has no names for the types of some strings.
      const isLiteral = LITERALS.has(tokenName) || /^(?:u&|[bx])'/i.test(token)
      const before = tokens.at(-1)
      // The scanner gives N'..' back as a word for the type and a string.
      const joins = isLiteral && before?.[1] === start && /^n'$/i.test(text.slice(before[0], start + 1))
      if (joins) tokens.pop()
      tokens.push([
        joins ? start - 1 : start,
        end,
        isLiteral ? 'literal' : COMMENTS.has(tokenName) ? 'comment' : 'other',
      ])
    }
    return tokens
  } catch {
    return undefined
  }
}

function ownTokens(text: string): Token[] {
  const lexer = new Lexer(text, true)
  const tokens: Token[] = []
  while (lexer.next() !== Kind.End) {
    const { kind, start, end } = lexer
    if (kind === Kind.Space) continue
    const isLiteral = kind === Kind.Text || kind === Kind.Number
    tokens.push([start, end, isLiteral ? 'literal' : kind === Kind.Comment ? 'comment' : 'other'])
  }
  return tokens
}

/**
 * A string that goes on after a comment: the package keeps comments, and so takes it for two. The server is asked in
 * `continuation.test.ts`.
 */
const CONTINUED = /'\s*(?:--[^\n\r]*[\n\r]\s*)+'/

/** Words and digits that only literals have. */
const SECRET = /zq|9137/i

const literal = fc.constantFrom(
  "'zq'",
  "'z''zq'",
  "'zq\\'",
  "E'z\\'zq'",
  "e'zq\\\\'",
  "U&'zq\\0041'",
  "'zq'\n'zq'",
  "E'zq' \n -- it's\n '\\'zq'",
  "B'101'",
  "x'9137'",
  "N'zq'",
  '$$zq$$',
  "$a$zq ' $$ $b$ $a$",
  '$zqtag$zq$zqtag$',
  '9137',
  '9137.5',
  '9137.',
  '.9137',
  '9137e5',
  '9137.9137E-12',
  '0x9137',
  '0o7',
  '0b1',
  '9_137_9137',
)
const other = fc.constantFrom(
  ...(
    'SELECT|FROM|WHERE|a|b1|t.c|"q ""x"|U&"d\\0061"|$1|$23|a$b|e|x|b|n|u|IN|AND|NOT|BETWEEN|IS|(|)|[|]|,|;|.|..|:|::|:=|=>|' +
    '+|-|*|/|%|<|>|=|<>|!=|>=|<=|@>|?|?||?&|->|->>|#>>|~|!~*|&&|||@|^|<->|@-|=-|<-|+-'
  ).split(/(?<!\|)\|(?!\|)|(?<=\?)\|(?=\|)/),
)
const comment = fc.constantFrom("-- zq it's\n", "/* zq ' */", '/* /* zq */ 9137 */', '--\n', '/**/')
const space = fc.constantFrom('', '', ' ', '  ', '\n', '\t', '\r\n')

const text = fc
  .array(
    fc.tuple(fc.oneof({ weight: 4, arbitrary: other }, { weight: 3, arbitrary: literal }, comment), space),
    {
      maxLength: 14,
    },
  )
  .map(pieces => pieces.flat().join(''))

describe('masking', () => {
  it('sees the tokens that PostgreSQL sees, and keeps no literal and no comment among them', () => {
    let accepted = 0
    let checked = 0
    fc.assert(
      fc.property(text, sql => {
        const tokens = tokensOfPostgres(sql)
        if (!tokens) return true
        accepted++
        if (JSON.stringify(ownTokens(sql)) !== JSON.stringify(tokens)) return false
        // Next to a word, the literal may be part of a name.
        if (tokens.some(([start, end, is]) => is === 'other' && SECRET.test(sql.slice(start, end))))
          return true
        checked++
        const { masked, summary } = readStatement(sql, true)
        return !SECRET.test(masked + summary)
      }),
      { numRuns: runs(100_000), seed: 20_261_122 },
    )
    expect(accepted).toBeGreaterThan(runs(50_000))
    expect(checked).toBeGreaterThan(runs(30_000))
  }, 300_000)

  it('does not change a masked text', () => {
    fc.assert(
      fc.property(text, sql => {
        const { masked } = readStatement(sql, true)
        const again = readStatement(masked, true).masked
        expect(again).toBe(masked)
      }),
      { numRuns: runs(20_000), seed: 20_261_122 },
    )
  }, 120_000)

  it('sees the tokens that PostgreSQL sees, keeps its structure and names its targets, in statements like others', () => {
    const { examples, like } = corpus('sql')
    fc.assert(
      fc.property(like, given => {
        // As it is sent: a zero ends it, and half a surrogate pair is replaced.
        const sql = Buffer.from(given).toString().replaceAll('\0', '')
        const tokens = tokensOfPostgres(sql)
        if (!tokens) return
        expect(ownTokens(sql)).toEqual(tokens)
        // What stands for a literal and its sign in the comparison would be part of the word before it.
        const joins = tokens.some(
          ([start, , is]) => is === 'literal' && /[\w$\x80-\uFFFF][-+]?$/.test(sql.slice(0, start)),
        )
        expect((!joins && maskingFault(sql)) || '').toBe('')
        const targets = compare(sql)
        expect(targets?.own).toEqual(targets?.found)
      }),
      { examples, numRuns: runs(10_000) },
    )
  }, 120_000)

  it('accepts any text', () => {
    fc.assert(
      fc.property(anyText(200), sql => {
        const { masked, summary, count } = readStatement(sql, true)
        expect(typeof masked).toBe('string')
        expect(summary.length).toBeLessThanOrEqual(255)
        expect(count).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: runs(5000), seed: 20_261_122 },
    )
  })
})
