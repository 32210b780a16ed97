import type { Names } from './names.ts'
import { AFTER_TARGETS, type Course, SET_OPERATIONS } from './words.ts'

/** The expected meaning of the next word of a scope. */
type Expected =
  | 'statement'
  /** A table, or a function in place of one; it may refer to a common table expression. */
  | 'target'
  /** The target of a statement: never a common table expression. */
  | 'relation'
  /** The table created by `SELECT INTO`. */
  | 'into'
  | 'object'
  | 'transaction'
  /** The name of a common table expression. */
  | 'expression'
  /** The parenthesis around a common table expression. */
  | 'body'
  /** The columns after `SEARCH` and `CYCLE`. */
  | 'columns'
  /** The name after `AS`, which may be any word. */
  | 'label'
  | 'nothing'
  | 'end'

/** The contents of a pair of parentheses, or a whole statement. */
export interface Scope {
  expected: Expected
  /** What is expected after a target. */
  next: Expected
  /** True when a `FROM` may follow that introduces targets: not in `extract(year FROM ..)`. */
  from: boolean
  /** True when `USING` introduces a target. */
  using: boolean
  /** Whether only `JOIN` introduces another target, or a comma does too. */
  targets: 'none' | 'one' | 'list'
  /** Which words may still begin the statement of this scope: any after `WITH` and `EXPLAIN`, `WITH` after `INSERT`. */
  lead: 'with' | 'prefix' | 'insertion' | undefined
  /** True in parentheses that contain a statement of any kind: a common table expression, or the source of a COPY. */
  readonly body: boolean
  /** The operation of the query, in upper case. */
  operation: string
  /** True after `UNION` and similar: the same operation continues. */
  union: boolean
  /** The common table expressions visible here. */
  names: Names | undefined
  /** Those visible at the start of the statement: `INSERT INTO t WITH .. SELECT .. RETURNING` returns to them. */
  namesBefore: Names | undefined
  /** Those of a `WITH RECURSIVE`, which can refer to each other. */
  recursive: Set<string> | undefined
  /** The common table expression whose body follows. */
  named: string
}

const STATEMENT: Scope = {
  expected: 'statement',
  next: 'nothing',
  from: false,
  using: false,
  targets: 'none',
  lead: undefined,
  body: false,
  operation: '',
  union: false,
  names: undefined,
  namesBefore: undefined,
  recursive: undefined,
  named: '',
}

/** How a statement continues after its first word. */
export const AFTER_FIRST: Readonly<Record<Course, Partial<Scope>>> = {
  selection: { from: true },
  insertion: { expected: 'relation', lead: 'insertion' },
  update: { expected: 'relation', from: true },
  deletion: { expected: 'relation', using: true },
  table: { expected: 'target' },
  target: { expected: 'relation' },
  list: { expected: 'relation', targets: 'list' },
  object: { expected: 'object', next: 'end' },
  objects: { expected: 'object', targets: 'list' },
  prefix: { lead: 'prefix' },
  transaction: { expected: 'transaction' },
  values: {},
  alone: { expected: 'end' },
}

const DEEPEST = 200

/** The current scope and the enclosing ones. */
export class Scopes {
  current: Scope = { ...STATEMENT }
  private readonly around: Scope[] = []
  /** Number of open parentheses that are nested too deeply to be analysed. */
  private ignored = 0

  /** True in parentheses that are nested too deeply to be analysed. */
  get ignoring(): boolean {
    return this.ignored > 0
  }

  /** The enclosing scope; undefined for a whole statement. */
  get outer(): Scope | undefined {
    return this.around.at(-1)
  }

  /** Handles the start of a statement. */
  begin(): void {
    this.current = { ...STATEMENT }
  }

  /**
   * Handles an opening parenthesis or bracket.
   * @param isOnly true after `ONLY`, where parentheses contain a table: `UPDATE ONLY (t)`
   */
  open(isOnly: boolean): void {
    if (this.ignored > 0 || this.around.length >= DEEPEST) {
      this.ignored++
      return
    }
    const { current: scope } = this
    const { expected, names } = scope
    const begins = expected === 'statement'
    const joined = expected === 'target' || (begins && scope.targets !== 'none')
    this.around.push(scope)
    if (isOnly && expected === 'relation') {
      scope.expected = scope.next
      this.current = { ...STATEMENT, expected }
      return
    }
    this.current = {
      ...STATEMENT,
      expected: expected === 'end' ? 'end' : 'statement',
      targets: joined ? 'list' : 'none',
      // The source of a COPY may be a statement instead of a table.
      body:
        expected === 'body' ||
        (expected === 'relation' && scope.targets === 'none') ||
        (begins && scope.body),
      operation: begins ? scope.operation : '',
      union: begins && scope.union,
      names,
    }
    if (begins) scope.union = false
    if (begins || expected === 'target' || expected === 'label') scope.expected = 'nothing'
  }

  /** Handles a closing parenthesis or bracket. */
  close(): void {
    if (this.ignored > 0) {
      this.ignored--
      return
    }
    const outer = this.around.pop()
    if (!outer) return
    const { operation } = this.current
    this.current = outer
    if (outer.operation === '') outer.operation = operation
    if (outer.expected !== 'body') {
      // The query in parentheses was the expected statement.
      if (operation !== '') outer.lead = undefined
      return
    }
    outer.expected = 'nothing'
    if (!outer.recursive) outer.names = { own: new Set([outer.named]), outer: outer.names }
  }
}

/** Handles a word within a statement that may change what is expected next. */
export function enterClause(scope: Scope, word: string): void {
  const joins = SET_OPERATIONS.has(word)
  if (joins || AFTER_TARGETS.has(word)) {
    scope.targets = 'none'
    // `DECLARE c CURSOR FOR` is followed by a statement.
    if (scope.lead !== 'prefix') scope.lead = undefined
    if (word === 'RETURNING' || word === 'DO') scope.names = scope.namesBefore
    if (!joins) return
    scope.union = true
    scope.expected = 'statement'
  } else if (word === 'AS') {
    if (scope.lead === 'with') scope.expected = 'body'
    else if (scope.lead !== 'prefix') scope.expected = 'label'
  } else if (scope.lead === 'with') {
    if (word === 'BY' || word === 'CYCLE') scope.expected = 'columns'
  } else if (word === 'FROM') {
    if (scope.from) expectTargets(scope, 'list')
  } else if (word === 'INTO') {
    if (scope.from) scope.expected = 'into'
  } else if (word === 'JOIN') {
    if (scope.targets !== 'none') scope.expected = 'target'
  } else if (word === 'USING') {
    if (scope.using) expectTargets(scope, scope.operation === 'MERGE' ? 'one' : 'list')
  }
}

function expectTargets(scope: Scope, targets: Scope['targets']): void {
  scope.from = scope.using = false
  scope.expected = 'target'
  scope.targets = targets
}
