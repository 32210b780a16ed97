-- Statements in the variety of PostgreSQL's own regression tests, as a script for psql.
\set VERBOSITY terse
\echo 'not SQL; FROM nothing'

CREATE TEMP TABLE IF NOT EXISTS point_log (id int4 PRIMARY KEY, at timestamptz DEFAULT now(), tags text[]);
CREATE UNLOGGED TABLE archive.point_log (LIKE point_log INCLUDING ALL) WITH (fillfactor = 70);
CREATE TABLE measure (city_id int NOT NULL, logdate date NOT NULL, peak int) PARTITION BY RANGE (logdate);
CREATE TABLE measure_y26 PARTITION OF measure FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE measure_odd PARTITION OF measure FOR VALUES IN (1, 3, 5);
CREATE TABLE "Odd, ""Name""; FROM" ("select" int, "from" text);
CREATE TABLE copy_of AS SELECT * FROM point_log WHERE id > 10 WITH NO DATA;
SELECT id, tags INTO TEMP short_log FROM point_log WHERE cardinality(tags) < 3;
SELECT 1 AS one INTO s."Into";

COPY point_log (id, at, tags) FROM stdin;
1	2026-01-01 00:00:00+00	{a;b}
2	\N	{"SELECT * FROM secret"}
\.
COPY (SELECT id FROM point_log ORDER BY 1) TO STDOUT WITH (FORMAT csv, HEADER, NULL 'from');
COPY (INSERT INTO point_log (id) VALUES (3) RETURNING id) TO '/tmp/x; y';

INSERT INTO point_log DEFAULT VALUES;
INSERT INTO point_log AS p (id, tags) VALUES (1, '{}'), (2, ARRAY['x', 'y'])
  ON CONFLICT (id) DO UPDATE SET tags = excluded.tags || p.tags WHERE p.at IS DISTINCT FROM excluded.at
  RETURNING id AS "from", (SELECT max(id) FROM archive.point_log) AS max;
INSERT INTO copy_of WITH gone AS (DELETE FROM point_log WHERE id = 1 RETURNING *) SELECT * FROM gone;
INSERT INTO copy_of (id) (SELECT 1 UNION ALL (VALUES (2), (3)) LIMIT 1);
INSERT INTO copy_of TABLE point_log;
WITH copy_of AS (SELECT 1 AS id) INSERT INTO copy_of SELECT * FROM copy_of;

UPDATE point_log p SET (at, tags) = (SELECT now(), c.tags FROM copy_of c WHERE c.id = p.id) FROM short_log s, LATERAL unnest(s.tags) t
  WHERE s.id = p.id AND t.t <> ALL ('{x,y}');
UPDATE ONLY (measure) SET peak = DEFAULT WHERE CURRENT OF hot_cursor;
UPDATE bulk b SET v = x.v, at = x.at FROM (VALUES (1, 'a', '2026-01-01'::timestamptz), (2, 'b', null)) AS x (id, v, at) WHERE b.id = x.id;
DELETE FROM ONLY (measure) m USING point_log AS p JOIN short_log s USING (id, tags), archive.point_log WHERE m.city_id = p.id RETURNING m.*;
MERGE INTO measure AS m USING (SELECT * FROM measure_y26 UNION TABLE measure_odd) s ON m.city_id = s.city_id
  WHEN MATCHED AND s.peak IS NULL THEN DELETE
  WHEN MATCHED THEN UPDATE SET peak = greatest(s.peak, (SELECT avg(peak) FROM measure_y26))
  WHEN NOT MATCHED BY SOURCE THEN DO NOTHING
  WHEN NOT MATCHED THEN INSERT (city_id, logdate) VALUES (s.city_id, s.logdate);

SELECT;
SELECT ALL 1, 'a', E'it\'s FROM', $tag$ FROM x; $$ $tag$, U&'\0441\+01F600', B'101', X'1FF', 1_000, .5e-3, 0x1f;
SELECT 'first'
  ' and second' AS "Joined", -- FROM comment
  'third' /* FROM /* nested */ , other */ FROM point_log;
SELECT p.*, (p).at, (ARRAY[1, 2, 3])[2:3], (ROW(1, 2)).f1 FROM point_log AS p (id, "at", tags) WHERE (id, at) IN (VALUES (1, now()), (2, null));
SELECT extract(epoch FROM at), overlay('abc' PLACING 'x' FROM 2 FOR 1), substring('abc' FROM 1 FOR 2), trim(LEADING 'x' FROM 'xa'), position('a' IN 'ba') FROM point_log;
SELECT min(at) AS from, max(at) AS to, count(*) AS join, sum(id) AS union FROM point_log GROUP BY ROLLUP (id, at), CUBE ((id, at)), GROUPING SETS ((), (id)) HAVING count(*) > 1;
SELECT id, lag(id, 1) OVER w, rank() OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES) FROM point_log WINDOW w AS (PARTITION BY at, tags ORDER BY id);
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY peak), string_agg(DISTINCT t, ',' ORDER BY t) FILTER (WHERE t <> 'from') FROM measure, unnest(ARRAY['a']) t;
SELECT * FROM point_log p NATURAL FULL OUTER JOIN copy_of LEFT JOIN (short_log s CROSS JOIN LATERAL (SELECT s.id + 1 FROM archive.point_log) n (m)) ON p.id = s.id, ONLY (measure), measure_y26 *;
SELECT * FROM ROWS FROM (generate_series(1, 3), s.expand('a') AS (x int, y text)) WITH ORDINALITY AS r (a, b, c, n);
SELECT * FROM json_to_recordset('[]') AS x(a int, b text), XMLTABLE('/r' PASSING data COLUMNS id int PATH '@id', nr FOR ORDINALITY) t, measure TABLESAMPLE bernoulli (5) REPEATABLE (7);
SELECT * FROM JSON_TABLE('{}', '$.a[*]' PASSING 1 AS x COLUMNS (id FOR ORDINALITY, NESTED PATH '$.b' COLUMNS (c int PATH '$'))) jt, short_log;
SELECT a IS NOT DISTINCT FROM b, c BETWEEN SYMMETRIC 1 AND 2, d NOT SIMILAR TO 'x' ESCAPE 'y', e OPERATOR(pg_catalog.+) 1, f COLLATE "C" FROM t ORDER BY 1 FETCH FIRST 3 ROWS WITH TIES;
SELECT DISTINCT ON (p.id, p.at) * FROM point_log p WHERE EXISTS (SELECT FROM copy_of c WHERE c.id = p.id OFFSET 1) ORDER BY p.id USING <, at NULLS FIRST FOR NO KEY UPDATE OF p SKIP LOCKED;
SELECT CASE WHEN EXISTS (TABLE copy_of) THEN (SELECT id FROM short_log LIMIT 1) ELSE CAST('1' AS int) END, ARRAY(SELECT id FROM point_log), INTERVAL '1' YEAR, timestamp with time zone '2026-01-01';
SELECT f(VARIADIC ARRAY[1, 2]), g(a => 1, b := (SELECT 1 FROM t)), h(), count(*), pg_catalog.now() FROM (((SELECT 1))) AS deep, ((a JOIN b ON true) CROSS JOIN c) AS joined;
(SELECT 1 FROM a UNION SELECT 2 FROM b) INTERSECT ALL (SELECT 3 FROM c EXCEPT (VALUES (4))) ORDER BY 1 LIMIT ALL;
VALUES (1, 'a'), (2, (SELECT max(x) FROM t)) ORDER BY 1 DESC OFFSET 1 ROW;
TABLE ONLY s.measure;

WITH a AS MATERIALIZED (SELECT * FROM b), b AS NOT MATERIALIZED (SELECT * FROM a), "C" AS (TABLE c) SELECT * FROM a, b, "C", c;
WITH RECURSIVE tree (id, parent, path) AS (
  SELECT id, parent, ARRAY[id] FROM node WHERE parent IS NULL
  UNION ALL SELECT n.id, n.parent, path || n.id FROM node n JOIN tree t ON n.parent = t.id JOIN later ON true
), later AS (SELECT 1)
  SEARCH BREADTH FIRST BY id SET ord CYCLE id SET looped TO 'y' DEFAULT 'n' USING trail
SELECT * FROM tree, public.tree ORDER BY ord;
WITH RECURSIVE t AS (WITH t AS (SELECT 1 FROM t) SELECT * FROM t UNION SELECT * FROM t), u AS (SELECT * FROM u) SELECT (WITH t AS (SELECT 2) SELECT * FROM t) FROM t, u;
WITH moved AS (UPDATE node SET parent = 1 FROM node AS other WHERE other.id = node.id RETURNING old.id AS was, new.*), gone AS (DELETE FROM node USING moved RETURNING 1)
  SELECT count(*) FROM moved, gone;

EXPLAIN (ANALYZE, BUFFERS, FORMAT json) WITH x AS (SELECT 1) UPDATE point_log SET id = x.id FROM x;
EXPLAIN VERBOSE CREATE TABLE made AS SELECT * FROM point_log;
DECLARE hot_cursor SCROLL CURSOR WITH HOLD FOR SELECT * FROM measure WHERE peak > 3 FOR UPDATE;
PREPARE find (int, text) AS SELECT * FROM point_log WHERE id = $1 AND $2 = ANY (tags);
EXECUTE find (1, 'x');
CREATE MATERIALIZED VIEW IF NOT EXISTS totals AS SELECT city_id, sum(peak) FROM measure GROUP BY 1 WITH DATA;
CREATE OR REPLACE TEMP RECURSIVE VIEW numbers (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 5;
ALTER TABLE IF EXISTS ONLY measure ADD CONSTRAINT positive CHECK (peak > 0) NOT VALID, ALTER peak TYPE bigint USING peak::bigint;
ALTER TABLE measure ATTACH PARTITION measure_odd DEFAULT;
TRUNCATE TABLE ONLY (measure), archive.point_log RESTART IDENTITY CASCADE;
LOCK TABLE ONLY (measure), copy_of IN SHARE ROW EXCLUSIVE MODE NOWAIT;
VACUUM (FULL, PARALLEL 0) measure (city_id, peak), copy_of;
ANALYZE VERBOSE measure, archive.point_log (id);
CALL archive.rotate(7, keep => (SELECT count(*) FROM point_log), note => $$ CALL nothing() $$);
DO LANGUAGE plpgsql $$ BEGIN PERFORM 1 FROM secret; END $$;
CREATE FUNCTION add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
  SELECT CASE WHEN a > 0 THEN a ELSE b END FROM point_log;
  SELECT a + b;
END;
CREATE RULE quiet AS ON INSERT TO copy_of DO ALSO (DELETE FROM short_log; NOTIFY quiet);
CREATE TRIGGER stamp BEFORE UPDATE OF at, tags ON point_log FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION stamp('from');
CREATE POLICY own ON point_log FOR SELECT TO PUBLIC USING (id = (SELECT max(id) FROM short_log));
GRANT SELECT (id), UPDATE ON TABLE point_log TO PUBLIC WITH GRANT OPTION;
SET LOCAL search_path TO archive, public;
SELECT id, at FROM point_log WHERE id = 1 \gset row_
SELECT * FROM point_log \bind 'x' \g
