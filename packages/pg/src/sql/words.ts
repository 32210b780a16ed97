/** How a statement continues after its first word. */
export type Course =
  /** Its target follows, then clauses; `SELECT` may follow. */
  | 'insertion'
  /** Its target follows, then clauses in which `FROM` introduces more. */
  | 'update'
  /** Its target follows, then clauses in which `USING` introduces more. */
  | 'deletion'
  /** `FROM` introduces targets. */
  | 'selection'
  /** A query whose target follows. */
  | 'table'
  /** One target, and nothing after it. */
  | 'target'
  /** Targets separated by commas. */
  | 'list'
  /** The type of an object, then its name: `CREATE UNIQUE INDEX i`. */
  | 'object'
  /** Optionally the type of an object, then names separated by commas: `TRUNCATE TABLE a, b`. */
  | 'objects'
  /** A statement follows. */
  | 'prefix'
  /** Optionally `TRANSACTION`; otherwise a statement may follow. */
  | 'transaction'
  /** Values, optionally followed by a set operation and a query. */
  | 'values'
  /** Nothing is recorded: the rest may be of any cardinality. */
  | 'alone'

/** Words that begin a statement, except `WITH`, which isn't an operation. */
export const COURSES: ReadonlyMap<string, Course> = new Map([
  ['SELECT', 'selection'],
  ['INSERT', 'insertion'],
  ['UPDATE', 'update'],
  ['DELETE', 'deletion'],
  ['MERGE', 'deletion'],
  ['COPY', 'target'],
  ['CALL', 'target'],
  ['TABLE', 'table'],
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

/** Statements allowed in place of a query: after `WITH`, in parentheses after it, and in those after `COPY`. */
export const STATEMENTS: ReadonlySet<string> = new Set(
  words('SELECT INSERT UPDATE DELETE MERGE VALUES TABLE WITH'),
)

/** Words that may still begin a statement, by its lead. */
export const AFTER_LEAD: Readonly<Record<'with' | 'prefix' | 'insertion', ReadonlySet<string>>> = {
  with: STATEMENTS,
  prefix: new Set([...STATEMENTS, ...words('CREATE DECLARE EXECUTE REFRESH')]),
  insertion: new Set(words('SELECT VALUES TABLE WITH')),
}

/** Types of objects; the last word for multi-word types. */
export const OBJECTS: ReadonlySet<string> = new Set(
  words(
    'AGGREGATE CAST COLLATION CONFIGURATION CONVERSION DATABASE DICTIONARY DOMAIN EXTENSION FUNCTION GROUP INDEX ' +
      'LANGUAGE METHOD OBJECT OPERATOR PARSER POLICY PRIVILEGES PROCEDURE PUBLICATION ROLE ROUTINE RULE SCHEMA ' +
      'SEQUENCE SERVER STATISTICS SUBSCRIPTION SYSTEM TABLE TABLESPACE TEMPLATE TRANSFORM TRIGGER TYPE USER VIEW ' +
      'WRAPPER',
  ),
)

/** First words of multi-word object types. */
export const OBJECT_PREFIXES: ReadonlySet<string> = new Set(
  words('ACCESS DATA EVENT FOREIGN LARGE MATERIALIZED SEARCH TEXT'),
)

/** Words before the type of an object that aren't part of it. */
export const OBJECT_MODIFIERS: ReadonlySet<string> = new Set(
  words(
    'CLUSTERED CONSTRAINT DEFAULT GLOBAL LOCAL OR PROCEDURAL RECURSIVE REPLACE TEMP TEMPORARY TRUSTED UNIQUE UNLOGGED',
  ),
)

/** Words allowed before a name, by what is expected. */
export const BEFORE_NAME: Readonly<Record<'relation' | 'target' | 'into', ReadonlySet<string>>> = {
  relation: new Set(
    words('ANALYZE ANALYSE AUTHORIZATION CONCURRENTLY EXISTS FREEZE FROM FULL IF INTO NOT ONLY VERBOSE'),
  ),
  target: new Set(words('LATERAL ONLY')),
  into: new Set(words('GLOBAL LOCAL TABLE TEMP TEMPORARY UNLOGGED')),
}

/** Words after which neither a comma nor `JOIN` introduces a target. */
export const AFTER_TARGETS: ReadonlySet<string> = new Set(
  words('DO FETCH FOR GROUP HAVING LIMIT OFFSET ORDER RETURNING WHERE WINDOW'),
)

/** Words that join queries. */
export const SET_OPERATIONS: ReadonlySet<string> = new Set(words('UNION INTERSECT EXCEPT'))

/** Words that cannot be the name of a target. */
export const NO_NAME: ReadonlySet<string> = new Set([
  ...AFTER_TARGETS,
  ...SET_OPERATIONS,
  ...words('AS IN ON SELECT TO USING WHEN WITH'),
])

function words(list: string): string[] {
  return list.split(' ')
}
