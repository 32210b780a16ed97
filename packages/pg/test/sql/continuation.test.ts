import { describe, expect, it } from '@jest/globals'

import { Kind } from '../../src/sql/kind.ts'
import { Lexer } from '../../src/sql/lexer.ts'
import { useDatabase } from '../database.ts'

const db = useDatabase()

function strings(text: string): number {
  const lexer = new Lexer(text, true)
  let count = 0
  while (lexer.next() !== Kind.End) if (lexer.kind === Kind.Text) count++
  return count
}

describe('a string that continues on another line', () => {
  it.each([
    "'a'\n'b'",
    "'a' \t\r\n 'b'",
    "'a'\n-- it's\n-- so\n 'b'",
    "'a' -- no\n'b'",
    "'a'\n/* no */'b'",
    "'a' 'b'",
    "E'a'\n'\\'b'",
    "E'a' \n --x\n '\\'b'",
    "U&'a'\n'\\0041'",
    "$$a$$\n'b'",
  ])('%j is one string for the lexer if it is one for the server', async text => {
    const client = await db.client()
    // Two strings side by side are a syntax error.
    const isOne = await client.query(`SELECT ${text} AS x`).then(
      () => true,
      (error: { code?: string }) => error.code !== '42601',
    )
    expect(strings(text)).toBe(isOne ? 1 : 2)
  })
})
