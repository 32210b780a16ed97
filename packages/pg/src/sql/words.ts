/** How a statement goes on after the word that begins it. */
export type Course =
  /** Its target follows, then clauses; `SELECT` may follow. */
  | 'insertion'
  /** Its target follows, then clauses in which `FROM` stands before more. */
  | 'update'
  /** Its target follows, then clauses in which `USING` stands before more. */
  | 'deletion'
  /** One target, and nothing after it. */
  | 'target'
  /** Targets separated by commas. */
  | 'list'
  /** The type of an object, then its name: `CREATE UNIQUE INDEX i`. */
  | 'object'
  /** Perhaps the type of an object, then names separated by commas: `TRUNCATE TABLE a, b`. */
  | 'objects'
  /** A statement follows. */
  | 'prefix'
  /** Perhaps `TRANSACTION`; if not, a statement may follow. */
  | 'transaction'
  /** Values, behind which a query may be joined. */
  | 'values'
  /** Nothing of interest: what follows may be of any cardinality. */
  | 'alone'

/** Words that begin a statement. `SELECT` and `WITH` are not here: they have courses of their own. */
export const COURSES: ReadonlyMap<string, Course> = new Map([
  ['INSERT', 'insertion'],
  ['UPDATE', 'update'],
  ['DELETE', 'deletion'],
  ['MERGE', 'deletion'],
  ['COPY', 'target'],
  ['CALL', 'target'],
  ['TABLE', 'target'],
  ['CLUSTER', 'target'],
  ['VACUUM', 'list'],
  ['ANALYZE', 'list'],
  ['ANALYSE', 'list'],
  ['CREATE', 'object'],
  ['ALTER', 'object'],
  ['REFRESH', 'object'],
  ['REINDEX', 'object'],
  ['DROP', 'objects'],
  ['TRUNCATE', 'objects'],
  ['LOCK', 'objects'],
  ['EXPLAIN', 'prefix'],
  ['DECLARE', 'prefix'],
  ['VALUES', 'values'],
  ['START', 'transaction'],
  ['PREPARE', 'transaction'],
  ...words(
    'ABORT BEGIN CHECKPOINT CLOSE COMMENT COMMIT DEALLOCATE DISCARD DO END EXECUTE FETCH GRANT IMPORT LISTEN LOAD ' +
      'MOVE NOTIFY REASSIGN RELEASE RESET REVOKE ROLLBACK SAVEPOINT SECURITY SET SHOW UNLISTEN',
  ).map((word): [string, Course] => [word, 'alone']),
])

/** Statements that may stand where a query may: after `WITH`, `EXPLAIN` and their like. */
export const STATEMENTS: ReadonlySet<string> = new Set(words('INSERT UPDATE DELETE MERGE VALUES TABLE WITH'))

/** Types of objects; the last word where there are several. */
export const OBJECTS: ReadonlySet<string> = new Set(
  words(
    'AGGREGATE CAST COLLATION CONFIGURATION CONVERSION DATABASE DICTIONARY DOMAIN EXTENSION FUNCTION GROUP INDEX ' +
      'LANGUAGE METHOD OBJECT OPERATOR PARSER POLICY PRIVILEGES PROCEDURE PUBLICATION ROLE ROUTINE RULE SCHEMA ' +
      'SEQUENCE SERVER STATISTICS SUBSCRIPTION SYSTEM TABLE TABLESPACE TEMPLATE TRANSFORM TRIGGER TYPE USER VIEW ' +
      'WRAPPER',
  ),
)

/** First words of object types of several words. */
export const OBJECT_PREFIXES: ReadonlySet<string> = new Set(
  words('ACCESS DATA EVENT FOREIGN LARGE MATERIALIZED SEARCH TEXT'),
)

/** Words before the type of an object that are no part of it. */
export const OBJECT_MODIFIERS: ReadonlySet<string> = new Set(
  words(
    'CLUSTERED CONSTRAINT DEFAULT GLOBAL LOCAL OR PROCEDURAL RECURSIVE REPLACE TEMP TEMPORARY TRUSTED UNIQUE UNLOGGED',
  ),
)

/** Words that may stand before the name of a target. */
export const BEFORE_NAME: ReadonlySet<string> = new Set(
  words(
    'ANALYZE ANALYSE AUTHORIZATION CONCURRENTLY EXISTS FREEZE FROM FULL IF INTO LATERAL NOT ONLY RECURSIVE VERBOSE',
  ),
)

/** Words after which a comma separates no targets any more. */
export const AFTER_TARGETS: ReadonlySet<string> = new Set(
  words('FETCH FOR GROUP HAVING LIMIT OFFSET ORDER RETURNING SET VALUES WHEN WHERE WINDOW'),
)

/** Words that cannot be the name of a target. */
export const NO_NAME: ReadonlySet<string> = new Set([
  ...AFTER_TARGETS,
  ...words('AS IN ON SELECT TO USING WITH'),
])

function words(list: string): string[] {
  return list.split(' ')
}
