import * as fc from 'fast-check'

// Statements that PostgreSQL's parser takes, with literals of every form in every place an application writes one.

const space = fc.constantFrom(
  ' ',
  ' ',
  ' ',
  '\n',
  '  ',
  '\t',
  ' /* zq */ ',
  '/**/',
  " -- zq '\n",
  ' /* /* 9137 */ $$ */ ',
)
const name = fc.constantFrom(
  'a',
  'b1',
  't.c',
  '"q ""x"',
  'U&"d\\0061"',
  'a$b',
  'schéma.e',
  'x',
  'n',
  '$1',
  'NULL',
)
const table = fc.constantFrom('t', 's.t', '"T 1"', 'only_9', 'b1')
const literal = fc.constantFrom(
  "'zq'",
  "'z''zq'",
  "'zq\\'",
  "E'z\\'zq'",
  "e'zq\\\\'",
  "U&'zq\\0041'",
  "'zq'\n'zq'",
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
  'TRUE',
  'false',
  '-9137',
  '- 9137',
  '+.9137',
  "DATE 'zq'",
  "INTERVAL 'zq' DAY",
  "'zq'::int",
  '-9137::text',
  'CAST(9137 AS numeric(10, 2))',
)
const operator = fc.constantFrom(
  '+',
  '-',
  '*',
  '/',
  '%',
  '^',
  '<',
  '>',
  '=',
  '<>',
  '<=',
  '>=',
  '!=',
  '||',
  '->',
  '->>',
  '#>>',
  '@>',
  '&&',
  '~',
  '!~*',
  '|',
  '&',
  '<<',
  '<->',
  'AND',
  'OR',
  'LIKE',
  'IS DISTINCT FROM',
)

/** Puts white space or a comment between pieces. */
function spaced(...pieces: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  const arbitraries = pieces.flatMap((piece, index) => [
    ...(index > 0 ? [space] : []),
    typeof piece === 'string' ? fc.constant(piece) : piece,
  ])
  return fc.tuple(...arbitraries).map(parts => parts.join(''))
}

function listOf(item: fc.Arbitrary<string>, maxLength = 2): fc.Arbitrary<string> {
  const separator = fc.constantFrom(', ', ',', ' , ')
  return fc
    .tuple(item, fc.array(fc.tuple(separator, item), { maxLength: maxLength - 1 }))
    .map(([first, others]) => first + others.flat().join(''))
}

/** A statement. */
export const { statement } = fc.letrec<{ expression: string; statement: string; select: string }>(tie => {
  const inner = tie('expression')
  const expressionOf = fc.oneof(
    { maxDepth: 1, depthIdentifier: 'expression' },
    literal,
    name,
    spaced('(', inner, operator, inner, ')'),
    // Without white space: what belongs together is for the lexer to know.
    fc
      .tuple(
        fc.constantFrom('a', '9137', "'zq'", '$1', 'b1', '(9137)'),
        fc.constantFrom('+', '-', '*', '=', '>', '||'),
        fc.constantFrom('9137', "'zq'", 'b1', '.9137', '$1'),
      )
      .map(parts => parts.join('')),
    spaced('(', inner, 'IN (', listOf(literal), '))'),
    spaced('(', inner, 'NOT IN (', listOf(inner), '))'),
    spaced('(', inner, 'IN (', tie('select'), '))'),
    spaced('CASE WHEN', inner, 'THEN', inner, 'ELSE', inner, 'END'),
    spaced('coalesce(', listOf(inner), ')'),
    spaced('ARRAY[', listOf(inner), ']'),
    spaced('(', inner, 'BETWEEN', literal, 'AND', literal, ')'),
    spaced(
      '(',
      inner,
      ')',
      fc.constantFrom('IS NULL', 'IS NOT TRUE', 'IS FALSE', '::varchar(20)', 'COLLATE "C"'),
    ),
  )
  const where = fc.option(spaced('WHERE', inner), { nil: '' })
  const select = fc.oneof(
    { maxDepth: 1, depthIdentifier: 'select' },
    spaced('SELECT', listOf(inner)),
    spaced('SELECT', listOf(inner), 'FROM', table, where),
    spaced(
      'SELECT',
      listOf(inner),
      'FROM',
      table,
      'x JOIN',
      table,
      'y ON',
      inner,
      where,
      'ORDER BY',
      inner,
      'LIMIT 9137',
    ),
    spaced('SELECT', inner, 'FROM (', tie('select'), ') AS z GROUP BY', inner, 'HAVING', inner),
    spaced('(', tie('select'), ') UNION ALL (', tie('select'), ')'),
    spaced('WITH c AS (', tie('select'), ') SELECT', inner, 'FROM c'),
  )
  return {
    expression: expressionOf,
    select,
    statement: fc.oneof(
      select,
      spaced('INSERT INTO', table, '(a, b) VALUES (', listOf(inner), '), (', listOf(inner), ')'),
      spaced('INSERT INTO', table, select, 'ON CONFLICT DO NOTHING RETURNING', inner),
      spaced('UPDATE', table, 'SET a =', inner, ', b =', inner, where),
      spaced('DELETE FROM', table, where),
      spaced('EXPLAIN', select),
      spaced("SET a.b = 'zq', 9137"),
      spaced('COPY', table, "FROM STDIN (DELIMITER 'z')"),
      spaced('BEGIN;', select, '; COMMIT'),
    ),
  }
})
