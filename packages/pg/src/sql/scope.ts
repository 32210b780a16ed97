import type { Course } from './words.ts'

/** What the next word of a scope is. */
export type Expected = 'statement' | 'target' | 'object' | 'transaction' | 'expression' | 'nothing' | 'end'

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

export function newScope(expected: Expected, query = false, union = false): Scope {
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
  alone: { expected: 'end' },
}
