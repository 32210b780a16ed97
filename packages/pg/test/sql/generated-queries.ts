import * as fc from 'fast-check'

// Queries that PostgreSQL's parser takes, in which words, commas and names mean something else than they seem to.

const table = fc.constantFrom('a', 'b', 'A', '"a"', '"A"', 's.a', 'S . "b"', 'c /* a */ . b', 'rows', 'd')
const changed = fc.oneof(
  table,
  table.map(one => `ONLY ${one}`),
  table.map(one => `ONLY ( ${one} )`),
)
const name = fc.constantFrom('a', 'b', 'A', '"a"', '"A"', 'U&"\\0061"', 'rows')
const column = fc.constantFrom('x', 't.from', 'u."select"', '"join"', '$1', 'null', 'conflict')
const label = fc.constantFrom(
  'n',
  ...'from to select join union into table values where using with as order update'.split(' '),
  '"from"',
)
const alias = fc.constantFrom('', ' t', ' AS t', ' t (x, y)', ' AS "from"')

/** Pieces of statements, composed of those of the level below. */
interface Level {
  readonly expression: fc.Arbitrary<string>
  readonly item: fc.Arbitrary<string>
  readonly query: fc.Arbitrary<string>
  readonly change: fc.Arbitrary<string>
}

function list(item: fc.Arbitrary<string>, least = 1, most = 3): fc.Arbitrary<string> {
  return fc.array(item, { minLength: least, maxLength: most }).map(items => items.join(', '))
}

function joined(...pieces: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  return fc
    .tuple(...pieces.map(piece => (typeof piece === 'string' ? fc.constant(piece) : piece)))
    .map(parts => parts.join(' '))
}

function maybe(...pieces: readonly (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> {
  return fc.option(joined(...pieces), { nil: '' })
}

function levelAbove({ expression, item, query: inner, change }: Level): Level {
  const where = maybe('WHERE', expression)
  const returning = maybe('RETURNING', list(joined(expression, 'AS', label)))
  const expressions = ['(', list(expression), ')'] as const
  const common = joined(
    name,
    fc.constantFrom('', '(x, y)'),
    fc.constantFrom('AS', 'AS MATERIALIZED', 'AS NOT MATERIALIZED'),
    '(',
    fc.oneof({ weight: 3, arbitrary: inner }, change),
    ')',
  )
  const searched = joined(
    'WITH RECURSIVE a AS (',
    inner,
    ') SEARCH DEPTH FIRST BY x, b SET o CYCLE x, d SET p USING q,',
    common,
  )
  const withList = fc.oneof(joined(fc.constantFrom('WITH', 'WITH RECURSIVE'), list(common)), {
    weight: 1,
    arbitrary: searched,
  })
  const select = joined(
    fc.constantFrom('SELECT', 'SELECT DISTINCT', 'SELECT ALL', 'SELECT DISTINCT ON (x, a)'),
    list(joined(expression, 'AS', label)),
    fc.constantFrom('', '', '', '', 'INTO d', 'INTO TEMP TABLE d'),
    maybe('FROM', list(item)),
    where,
    maybe('GROUP BY', list(expression)),
    fc.constantFrom('', 'WINDOW w AS (ORDER BY x, a), v AS ()'),
  )
  return {
    expression: fc.oneof(
      column,
      fc.constantFrom(
        '1',
        "'from'",
        "'2020-01-01'::timestamptz",
        'extract(year FROM x)',
        'ARRAY[x, b]',
        'x[1]',
      ),
      joined('ARRAY[', list(expression), ']'),
      joined('substring((', expression, ') FROM 2)'),
      joined('(', expression, 'IS DISTINCT FROM', expression, ')'),
      joined('(', expression, 'IS NOT DISTINCT FROM', column, ')'),
      joined('CASE WHEN', expression, 'THEN', expression, 'END'),
      joined('CAST (', expression, 'AS int)'),
      joined('f', ...expressions),
      joined('(x, y) IN ((', expression, ', 2), (3, 4))'),
      joined('count(*) FILTER (WHERE', expression, ') OVER (PARTITION BY x, b ORDER BY x)'),
      joined('ARRAY[[', list(expression), ']]'),
      joined('EXISTS (', inner, ')'),
      joined('x IN (', inner, ')'),
      joined('(', inner, ')'),
    ),
    item: fc.oneof(
      { weight: 4, arbitrary: joined(fc.constantFrom('', 'ONLY'), table, alias) },
      joined('ONLY (', table, ')', alias),
      joined('(', item, 'JOIN', item, 'ON', expression, ')', fc.constantFrom('', 'AS t')),
      joined(item, 'LEFT JOIN', item, 'USING (x, b)'),
      joined('((', item, 'CROSS JOIN', item, ')', 'NATURAL JOIN', item, ')'),
      joined(fc.constantFrom('', 'LATERAL'), '(', inner, ') AS t (x, y)'),
      joined('(VALUES (', list(expression), ", null), ('from'::text, x, b)) AS v"),
      joined('f', ...expressions, alias),
      joined('s.g', ...expressions, 'WITH ORDINALITY'),
      joined('ROWS FROM (f', ...expressions, 'AS (x int, a int), s.g', ...expressions, ') AS t'),
      joined('a TABLESAMPLE system (10)'),
      joined("json_table(x, '$' COLUMNS (a int, b text)) AS t"),
    ),
    query: joined(
      fc.option(withList, { nil: '' }),
      fc.oneof(
        { weight: 3, arbitrary: select },
        joined('(', inner, ')', fc.constantFrom('UNION', 'UNION ALL', 'EXCEPT'), '(', inner, ')'),
        joined(select, fc.constantFrom('UNION', 'INTERSECT ALL'), select),
        joined('VALUES (', list(expression, 2), '), (', list(expression, 2), ')'),
        joined('TABLE', table),
      ),
      fc.constantFrom(
        '',
        'ORDER BY 1, 2',
        'LIMIT 3',
        'OFFSET 2 FETCH FIRST 2 ROWS ONLY',
        'FOR UPDATE OF a, b',
      ),
    ),
    change: joined(
      fc.option(withList, { nil: '' }),
      fc.oneof(
        joined('INSERT INTO', table, fc.constantFrom('', 'AS t', '(x, y)'), inner, returning),
        joined('INSERT INTO', table, '(', inner, ') ON CONFLICT (x) DO UPDATE SET x = 1, y = b.x', where),
        joined(
          'INSERT INTO',
          table,
          'SELECT 1 FROM',
          item,
          'ON CONFLICT DO UPDATE SET x = 1, y = 2',
          returning,
        ),
        joined('INSERT INTO', table, 'VALUES (', list(expression), '), (', list(expression), ')', returning),
        joined(
          'UPDATE',
          changed,
          'AS t SET x =',
          expression,
          ', y =',
          expression,
          maybe('FROM', list(item)),
          where,
        ),
        joined('UPDATE', changed, 'SET (x, y) = (', inner, '), set = 2', where, returning),
        joined('DELETE FROM', changed, maybe('USING', list(item)), where, returning),
        joined(
          'MERGE INTO',
          changed,
          'AS t USING',
          item,
          'ON',
          expression,
          'WHEN MATCHED THEN UPDATE SET x =',
          expression,
          ', y = 2 WHEN NOT MATCHED THEN INSERT VALUES (1, 2)',
        ),
      ),
    ),
  }
}

const simple: Level = {
  expression: column,
  item: joined(table, alias),
  query: joined('SELECT', column, 'AS', label, 'FROM', table),
  change: joined('DELETE FROM', table, 'RETURNING *'),
}
const { query, change } = levelAbove(levelAbove(simple))

/** A statement. */
export const queryStatement: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: query },
  { weight: 4, arbitrary: change },
  joined('EXPLAIN (ANALYZE, VERBOSE)', fc.oneof(query, change)),
  joined('EXPLAIN ANALYZE', fc.oneof(query, change)),
  joined('EXPLAIN CREATE TABLE d AS', query),
  joined('PREPARE p (int, text) AS', fc.oneof(query, change)),
  joined('DECLARE p SCROLL CURSOR WITH HOLD FOR', query),
  joined('TRUNCATE', list(changed)),
  joined('LOCK TABLE', list(changed), 'IN SHARE MODE'),
  joined('VACUUM (FULL)', list(table)),
  joined('COPY (', fc.oneof(query, change), ') TO STDOUT'),
)
