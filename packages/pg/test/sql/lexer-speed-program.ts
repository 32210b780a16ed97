import { readStatement } from '../../src/sql/statement.ts'

// Milliseconds for a mebibyte of what is hard on a lexer: best of ten runs each.
// node --import tsx --conditions=@spanwright/source packages/pg/test/sql/lexer-speed-program.ts
const MEBIBYTE = 1 << 20

for (const piece of [
  "'",
  "' ",
  '/*',
  '$a$ b',
  '(',
  "E'\\",
  'a.',
  'IN (1,',
  'WITH a AS (',
  'SELECT a FROM t WHERE b = 1;',
]) {
  const text = piece.repeat(Math.ceil(MEBIBYTE / piece.length))
  const times = Array.from({ length: 10 }, () => {
    const startedAt = performance.now()
    readStatement(text, true)
    return performance.now() - startedAt
  })
  console.log(
    `${Math.min(...times)
      .toFixed(1)
      .padStart(7)} ms  ${piece}`,
  )
}
