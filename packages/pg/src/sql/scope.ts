import type { Course } from './words.ts'

/** What the next word of a scope is. */
type Expected = 'statement' | 'target' | 'object' | 'transaction' | 'expression' | 'nothing' | 'end'

/** What lies between two parentheses, or a whole statement. */
export interface Scope {
  expected: Expected
  /** What is expected after a target. */
  next: Expected
  /** True when `FROM` and `JOIN` stand before targets: in a query, not in `extract(year FROM ..)`. */
  query: boolean
  /** True when a comma stands before another target. */
  list: boolean
  /** True when `USING` stands before a target. */
  using: boolean
  /** Which words may yet begin the statement of this scope: any after `WITH` and `EXPLAIN`, `WITH` after `INSERT`. */
  lead: 'with' | 'prefix' | 'insertion' | undefined
  /** True right after `UNION` and its like: the `SELECT` that follows goes on with the same operation. */
  union: boolean
}

function newScope(expected: Expected, query = false, union = false): Scope {
  return { expected, next: 'nothing', query, list: query, using: false, lead: undefined, union }
}

/** What becomes of the scope of a statement after the word that begins it. */
export const AFTER_FIRST: Readonly<Record<Course, Partial<Scope>>> = {
  insertion: { expected: 'target', lead: 'insertion' },
  update: { expected: 'target', query: true },
  deletion: { expected: 'target', query: true, using: true },
  target: { expected: 'target' },
  list: { expected: 'target', list: true },
  object: { expected: 'object', next: 'end' },
  objects: { expected: 'object', list: true },
  prefix: { lead: 'prefix' },
  transaction: { expected: 'transaction' },
  values: {},
  alone: { expected: 'end' },
}

const DEEPEST = 200

/** The scope at hand, and those it lies in. */
export class Scopes {
  current: Scope = newScope('statement')
  private readonly around: Scope[] = []
  /** How many parentheses are open that are too deep to be looked into. */
  private ignored = 0

  /** True in parentheses that are too deep to be looked into. */
  get ignoring(): boolean {
    return this.ignored > 0
  }

  /** The scope around the one at hand; undefined when that is a whole statement. */
  get outer(): Scope | undefined {
    return this.around.at(-1)
  }

  /** Takes the start of a statement. */
  begin(): void {
    this.current = newScope('statement')
  }

  /** Takes an opening parenthesis. */
  open(): void {
    if (this.ignored > 0 || this.around.length >= DEEPEST) {
      this.ignored++
      return
    }
    const { current: scope } = this
    const joined = scope.expected === 'target' && scope.query
    this.around.push(scope)
    this.current = newScope(scope.expected === 'end' ? 'end' : 'statement', joined, scope.union)
    scope.union = false
    if (joined) scope.expected = 'nothing'
    if (scope.expected === 'statement') {
      scope.expected = 'nothing'
      scope.query = true
    }
  }

  /** Takes a closing parenthesis. */
  close(): void {
    if (this.ignored > 0) this.ignored--
    else this.current = this.around.pop() ?? this.current
  }
}
