import { describe, expect, it } from '@jest/globals'

import { readStatement } from '../../src/sql/statement.ts'

function summaryOf(text: string): string {
  return readStatement(text, true).summary
}

describe('the summary of a query', () => {
  // The cases of the convention's own collection that are about PostgreSQL's SQL, and ours.
  it.each([
    ['SELECT 12, -12, +12', 'SELECT'],
    ['select a from T where x = $1', 'select T'],
    ['SELECT c3po, r2d2 FROM covid19 WHERE n1h1=1234', 'SELECT covid19'],
    ['SELECT a FROM dbo.Table JOIN dbo.AnotherTable', 'SELECT dbo.Table dbo.AnotherTable'],
    ['INSERT INTO X VALUES(1, 23456, 123.456, 99+100)', 'INSERT X'],
    ['SELECT column -- end of line comment\nFROM /* block \n comment */ table', 'SELECT table'],
    [
      'INSERT INTO shipping_details\n(order_id,\naddress)\nSELECT order_id,\naddress\nFROM   orders\nWHERE  order_id = 1',
      'INSERT shipping_details SELECT orders',
    ],
    [
      'SELEcT order_date\nFROM   (sELECT *\nFROM   orders o\nJOIN customers c\nON o.customer_id = c.customer_id)',
      'SELEcT sELECT orders customers',
    ],
    ['SELECT * FROM Orders o CROSS JOIN OrderDetails od', 'SELECT Orders OrderDetails'],
    ['SELECT * FROM Orders o, OrderDetails od', 'SELECT Orders OrderDetails'],
    ['CREATE  TABLE MyTable (\n    ID NOT NULL IDENTITY(1,1) PRIMARY KEY\n)', 'CREATE TABLE MyTable'],
    ['ALTER  TABLE MyTable ADD Name varchar(255)', 'ALTER TABLE MyTable'],
    ['DROP  TABLE MyTable', 'DROP TABLE MyTable'],
    ['SELECT * FROM SelectedData', 'SELECT SelectedData'],
    ['CREATE UNIQUE CLUSTERED INDEX IX_Email ON Employees (Email);', 'CREATE INDEX IX_Email'],
    ['SELECT DISTINCT Country FROM Countries', 'SELECT Countries'],
    ['CREATE TABLE IF NOT EXISTS Users (Id INT PRIMARY KEY);', 'CREATE TABLE Users'],
    ['CREATE VIEW ActiveUsers AS SELECT * FROM Users WHERE IsActive = 1;', 'CREATE VIEW ActiveUsers'],
    ['SELECT Id FROM Customers UNION SELECT Id FROM Suppliers ORDER BY Name', 'SELECT Customers Suppliers'],
    ['SELECT DISTINCT d, COUNT(*) OVER (PARTITION BY d) AS c FROM Employees;', 'SELECT Employees'],
    ['CREATE DATABASE TestDb;', 'CREATE DATABASE TestDb'],
    ['DROP SCHEMA IF EXISTS Reporting;', 'DROP SCHEMA Reporting'],
    ["CREATE USER johndoe WITH PASSWORD = 'password';", 'CREATE USER johndoe'],
    ['SELECT * FROM T WHERE Amount BETWEEN (10) AND (20);', 'SELECT T'],
    ['CREATE TABLE Table (Name VARCHAR(255), Code CHAR(10));', 'CREATE TABLE Table'],
    ["SELECT * FROM table WHERE value IN ('abc', 0xAB, .456,", 'SELECT table'],
    ["ALTER  TABLE MyTable 'mypassword' ADD 123 Name varchar(255)", 'ALTER TABLE MyTable'],

    ['SELECT s.a FROM s.a JOIN s.b USING (id) LEFT JOIN c ON true, d', 'SELECT s.a s.b c d'],
    ['SELECT * FROM "my list" m', 'SELECT "my list"'],
    ['SELECT * FROM "odd ""one""".t', 'SELECT "odd ""one""".t'],
    ['SELECT * FROM (a JOIN b USING (x)) JOIN c USING (x, y)', 'SELECT a b c'],
    ['SELECT * FROM ONLY parent, LATERAL (SELECT 1 FROM child) x', 'SELECT parent SELECT child'],
    ['SELECT * FROM generate_series(1, 3) n', 'SELECT generate_series'],
    ['SELECT now()', 'SELECT'],
    ['SELECT extract(year FROM born) FROM people', 'SELECT people'],
    ["SELECT substring(name FROM 2), trim(both 'x' FROM name) FROM people", 'SELECT people'],
    ['SELECT a IS DISTINCT FROM b, c IS NOT DISTINCT FROM d FROM t', 'SELECT t'],
    ['SELECT * FROM a WHERE x IN (SELECT y FROM b) AND EXISTS (SELECT FROM c)', 'SELECT a SELECT b SELECT c'],
    ['SELECT * FROM a ORDER BY x, y LIMIT 3 FOR UPDATE OF a', 'SELECT a'],
    ['(SELECT 1 FROM a) UNION ALL (SELECT 1 FROM b) ORDER BY 1', 'SELECT a b'],
    ['SELECT 1 FROM a EXCEPT SELECT 1 FROM b', 'SELECT a b'],
    ['VALUES (1), (2)', 'VALUES'],
    ['SELECT * FROM (VALUES (1), (2)) v', 'SELECT'],
    ['TABLE t', 'TABLE t'],
    ['UPDATE ONLY (s.a) SET x = 1 FROM ONLY (b)', 'UPDATE s.a b'],
    ['DELETE FROM ONLY ( a ) USING b', 'DELETE a b'],
    ['TRUNCATE ONLY (a), b, ONLY (c)', 'TRUNCATE a b c'],
    ['LOCK TABLE ONLY (a), ONLY (b)', 'LOCK TABLE a b'],
    ['ALTER TABLE ONLY (a) ADD x int', 'ALTER TABLE a'],
    ['COPY (SELECT only (x) FROM a) TO STDOUT', 'COPY SELECT a'],
    ['VALUES (1) UNION ALL SELECT 1 FROM t', 'VALUES SELECT t'],
    ['SELECT * FROM (TABLE s) x, (VALUES (1)) y', 'SELECT TABLE s'],
    ['SELECT t.from, x.select, y.union, z.join FROM t WHERE t.using = u . into', 'SELECT t'],
    ['SELECT * FROM a TABLESAMPLE system (10), b AS x (y, z), s . t', 'SELECT a b s.t'],
    ['SELECT * FROM f(1, 2) WITH ORDINALITY, s.g(3) AS x(y int), c', 'SELECT f s.g c'],
    ['SELECT count(*) FILTER (WHERE x) OVER w FROM t WINDOW w AS (ORDER BY a, b), v AS ()', 'SELECT t'],

    ['WITH x AS (SELECT * FROM a) SELECT * FROM x JOIN b ON true', 'SELECT a SELECT b'],
    ['WITH x(i) AS (SELECT 1), y AS (SELECT 2 FROM x) SELECT * FROM x, y, z', 'SELECT SELECT SELECT z'],
    ['WITH RECURSIVE r AS (SELECT 1 FROM a UNION ALL SELECT 1 FROM r) TABLE r', 'SELECT a TABLE'],
    [
      'WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n FROM a, r) SELECT * FROM r',
      'VALUES SELECT a SELECT',
    ],
    ['WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone', 'DELETE a INSERT b SELECT'],
    ['WITH orders AS (SELECT * FROM orders) SELECT * FROM orders', 'SELECT orders SELECT'],
    ['WITH orders AS (SELECT 1) SELECT * FROM Orders, s.orders, "Orders"', 'SELECT SELECT s.orders "Orders"'],
    ['WITH "active" AS (SELECT 1), "B" AS (SELECT 2) SELECT * FROM active, b, "B"', 'SELECT SELECT SELECT b'],
    ['WITH RECURSIVE x AS (SELECT * FROM y), y AS (SELECT 1) SELECT * FROM x', 'SELECT SELECT SELECT'],
    ['WITH x AS (SELECT * FROM y), y AS (SELECT 1) SELECT * FROM x', 'SELECT y SELECT SELECT'],
    ['SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) s, x', 'SELECT SELECT SELECT x'],
    ['WITH x AS (SELECT 1) INSERT INTO x SELECT * FROM x', 'SELECT INSERT x SELECT'],
    ['SELECT min(d) AS from, max(d) AS to, x AS join, y AS "from" FROM periods', 'SELECT periods'],
    ['SELECT * FROM ROWS FROM (f(1), s.g(2)) AS x, rows', 'SELECT f s.g rows'],
    ['EXPLAIN CREATE TABLE t AS SELECT 1 FROM u', 'EXPLAIN CREATE TABLE t'],
    ['SELECT 1 INTO TEMP t FROM u', 'SELECT t u'],
    ['INSERT INTO t SELECT 1 FROM u ON CONFLICT (x) DO UPDATE SET a = 1, b = 2', 'INSERT t SELECT u'],

    ['INSERT INTO t WITH x AS (SELECT 1 FROM a) SELECT * FROM x', 'INSERT t SELECT a SELECT'],
    ['INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2 RETURNING a', 'INSERT t'],
    ['UPDATE ONLY t SET a = 1, b = 2 FROM u, v WHERE t.id = u.id', 'UPDATE t u v'],
    ['UPDATE t SET a = (SELECT max(x) FROM u)', 'UPDATE t SELECT u'],
    ['DELETE FROM t USING u, v WHERE t.id = u.id', 'DELETE t u v'],
    ['DELETE FROM t WHERE id IN (SELECT id FROM u)', 'DELETE t SELECT u'],
    [
      'MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = 1, b = 2 WHEN NOT MATCHED THEN INSERT VALUES (1)',
      'MERGE t s',
    ],
    ['MERGE INTO t USING (SELECT * FROM s) x ON true WHEN MATCHED THEN DELETE', 'MERGE t SELECT s'],
    ['MERGE INTO ONLY t AS x USING (TABLE s) y ON true WHEN MATCHED THEN DELETE', 'MERGE t TABLE s'],
    ['INSERT INTO t TABLE u', 'INSERT t TABLE u'],
    ['INSERT INTO t OVERRIDING USER VALUE (SELECT 1 FROM u)', 'INSERT t SELECT u'],
    ['UPDATE t AS x SET (a, b) = (SELECT 1, 2 FROM v) FROM u', 'UPDATE t SELECT v u'],
    ['COPY t (a, b) FROM STDIN', 'COPY t'],
    ["COPY (SELECT * FROM t) TO STDOUT WITH (FORMAT csv, NULL 'x')", 'COPY SELECT t'],
    ['CALL do_invoice(1)', 'CALL do_invoice'],
    ['TRUNCATE TABLE a, b CASCADE', 'TRUNCATE TABLE a b'],
    ['TRUNCATE a', 'TRUNCATE a'],
    ['TRUNCATE "a b"', 'TRUNCATE "a b"'],
    ['DROP TABLE IF EXISTS a, s.b CASCADE', 'DROP TABLE a s.b'],
    ['DROP INDEX CONCURRENTLY i', 'DROP INDEX i'],
    ['CREATE INDEX ON t (a)', 'CREATE INDEX'],
    [
      'CREATE OR REPLACE FUNCTION f(a int) RETURNS int AS $$ SELECT 1 FROM t $$ LANGUAGE sql',
      'CREATE FUNCTION f',
    ],
    ['CREATE TEMP TABLE t AS SELECT * FROM u', 'CREATE TABLE t'],
    ['CREATE MATERIALIZED VIEW v AS SELECT 1', 'CREATE MATERIALIZED VIEW v'],
    ['REFRESH MATERIALIZED VIEW CONCURRENTLY v', 'REFRESH MATERIALIZED VIEW v'],
    ['LOCK TABLE a IN SHARE MODE', 'LOCK TABLE a'],
    ['VACUUM (FULL, ANALYZE) a, b', 'VACUUM a b'],
    ['REINDEX TABLE a', 'REINDEX TABLE a'],
    ['EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM t', 'EXPLAIN SELECT t'],
    ['EXPLAIN ANALYZE UPDATE t SET a = 1', 'EXPLAIN UPDATE t'],
    ['PREPARE p (int) AS INSERT INTO t VALUES ($1)', 'PREPARE INSERT t'],
    ['DECLARE c CURSOR FOR SELECT * FROM t', 'DECLARE SELECT t'],
    ['EXECUTE p(1)', 'EXECUTE'],

    ['BEGIN', 'BEGIN'],
    ['BEGIN ISOLATION LEVEL SERIALIZABLE', 'BEGIN'],
    ['start transaction read only', 'start transaction'],
    ['COMMIT', 'COMMIT'],
    ['ROLLBACK TO SAVEPOINT s1', 'ROLLBACK'],
    ['SAVEPOINT s1', 'SAVEPOINT'],
    ["PREPARE TRANSACTION 'x'", 'PREPARE TRANSACTION'],
    ['SET search_path TO tenant_17', 'SET'],
    ["NOTIFY channel_17, 'payload'", 'NOTIFY'],
    ['DO $$ BEGIN DELETE FROM t; END $$', 'DO'],
    ['', ''],
    ['-- nothing', ''],
    ['secret-token SELECT * FROM t', ''],
    ["'secret'", ''],
  ])('%s → %s', (text, summary) => {
    expect(summaryOf(text)).toBe(summary)
  })

  it('of several statements is BATCH, with the summary of each when they have the same, and they are counted', () => {
    const script = "BEGIN; INSERT INTO a VALUES (';'); SELECT 1 FROM b;; COMMIT;"
    expect(readStatement(script, true)).toMatchObject({ summary: 'BATCH', count: 4 })
    expect(readStatement('INSERT INTO a VALUES (1); INSERT INTO a SELECT 2;', true)).toMatchObject({
      summary: 'BATCH',
      count: 2,
    })
    const alike = readStatement("INSERT INTO a VALUES (1, 'x');\nINSERT INTO a VALUES (2);;", true)
    expect(alike).toMatchObject({ summary: 'BATCH INSERT a', count: 2 })
    expect(readStatement('nothing known; nothing known', true)).toMatchObject({ summary: 'BATCH', count: 2 })
    expect(readStatement('SELECT 1;', true)).toMatchObject({ summary: 'SELECT', count: 1 })
    expect(readStatement(' ; ;', true).count).toBe(0)
  })

  it('counts the body of a function as one statement', () => {
    const text =
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; DELETE FROM a; END; SELECT 1 FROM b'
    expect(readStatement(text, true)).toMatchObject({ summary: 'BATCH', count: 2 })
    expect(readStatement(text.slice(0, text.lastIndexOf(';')), true)).toMatchObject({
      summary: 'CREATE FUNCTION f',
      count: 1,
    })
  })

  it('of a batch is cut at whole targets too', () => {
    const long = 't'.repeat(240)
    const text = `SELECT * FROM ${long}, users`
    expect(summaryOf(text)).toBe(`SELECT ${long} users`)
    expect(summaryOf(`${text};${text}`)).toBe(`BATCH SELECT ${long}`)
  })

  it.each([
    ['INSERT INTO a VALUES ', "(1, 'x', null)", 'INSERT a'],
    ['VALUES ', "('x'::text, b, null)", 'VALUES'],
    ['SELECT * FROM (VALUES ', "(1, 'x'::timestamptz, null)", 'SELECT', ') v'],
    ['UPDATE a SET x = v.x FROM (VALUES ', "(1, 'x'::timestamptz, null)", 'UPDATE a', ') AS v (id, x)'],
    ['SELECT * FROM a JOIN b ON a.x = ANY (ARRAY[', 'b.y', 'SELECT a b', '])'],
    ['SELECT * FROM a WHERE (x, y) IN (', '(b, c)', 'SELECT a', ')'],
    ['SELECT * FROM a, f(', 'b', 'SELECT a f', ')'],
    ['MERGE INTO a USING (VALUES ', '(1, null)', 'MERGE a', ') v ON true WHEN MATCHED THEN DELETE'],
    ['', 'INSERT INTO a VALUES (1, null);', 'BATCH INSERT a'],
  ])('does not grow with the data: %s%s ..', (start, row, summary, end = '') => {
    const separator = row.endsWith(';') ? ' ' : ', '
    for (const count of [2, 3, 100]) {
      expect(summaryOf(start + Array<string>(count).fill(row).join(separator) + end)).toBe(summary)
    }
  })

  it('leaves out, from the first on, targets that do not fit into 255 characters', () => {
    const long = 't'.repeat(250)
    expect(summaryOf(`SELECT * FROM ${long}, u`)).toBe('SELECT')
    expect(summaryOf(`SELECT * FROM a, ${'t'.repeat(246)}`)).toBe(`SELECT a ${'t'.repeat(246)}`)
    expect(summaryOf(`SELECT * FROM a, ${'t'.repeat(247)}`)).toBe('SELECT a')
  })

  it('never shows a literal, whatever the text', () => {
    for (const text of [
      `SELECT * FROM 'secret'`,
      `INSERT INTO 'secret'`,
      `CALL 'secret'`,
      `DROP TABLE $$secret$$`,
    ]) {
      expect(summaryOf(text)).not.toContain('secret')
    }
  })
})
