import { Kind, type Lexer } from './lexer.ts'
import {
  AFTER_TARGETS,
  BEFORE_NAME,
  type Course,
  COURSES,
  NO_NAME,
  OBJECT_MODIFIERS,
  OBJECT_PREFIXES,
  OBJECTS,
  STATEMENTS,
} from './words.ts'

/** What the next word of a scope is. */
type Expected = 'statement' | 'target' | 'object' | 'transaction' | 'expression' | 'nothing' | 'end'

/** What lies between two parentheses, or a whole statement. */
interface Scope {
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

const LONGEST = 255
const DEEPEST = 200

/**
 * Builds `db.query.summary`: operations and their targets in order of appearance, spelt as in the statement.
 *
 * Source: semantic conventions, "Generating a summary of the query text". The README says what is decided here for
 * statements the convention has no rule for.
 */
export class Summary {
  text = ''
  /** Number of statements. */
  statements = 0
  /** What the last statement about a transaction does to it. */
  control: 'begin' | 'commit' | 'rollback' | undefined
  /** The word the statement began with. */
  private verb = ''
  private scope: Scope = newScope('statement')
  private readonly outer: Scope[] = []
  /** How many parentheses are open that are too deep to be looked into. */
  private ignored = 0
  private begun = false
  private full = false
  /** Names of common table expressions: they are no targets. */
  private expressions: Set<string> | undefined
  /** An operation whose other words are yet to come, such as `CREATE`. */
  private operation = ''
  private name = ''
  private nameGoesOn = false
  private word = ''
  private wordBefore = ''
  /** How many of `BEGIN ATOMIC` and `CASE` are open: a semicolon inside ends no statement. */
  private blocks = 0

  /** Takes the next token. `word` is the token in upper case if it is a word. */
  add(lexer: Lexer, word: string): void {
    const { kind } = lexer
    if (kind === Kind.Space || kind === Kind.Comment) return
    if (this.name !== '' && this.extendName(lexer)) return
    if (kind === Kind.Mark) this.addMark(lexer.text[lexer.start] ?? '')
    else this.begin()
    if (this.ignored === 0) {
      if (kind === Kind.Word) this.addWord(word, lexer)
      else if (kind === Kind.QuotedName) this.addName(lexer)
    }
    this.wordBefore = this.word
    this.word = word
  }

  /** Takes the end of the text. */
  finish(): void {
    this.endName()
    this.control = CONTROLS[this.verb] ?? this.control
  }

  private begin(): void {
    if (!this.begun) this.statements++
    this.begun = true
  }

  private addMark(mark: string): void {
    if (mark === '(') this.open()
    else if (mark === ')') this.close()
    else if (mark === ';') this.endStatement()
    else if (mark === ',' && this.ignored === 0) {
      if (this.scope.lead === 'with') this.scope.expected = 'expression'
      else if (this.scope.list) this.scope.expected = 'target'
    }
  }

  private open(): void {
    this.begin()
    if (this.ignored > 0 || this.outer.length >= DEEPEST) {
      this.ignored++
      return
    }
    const { scope } = this
    const joined = scope.expected === 'target' && scope.query
    this.outer.push(scope)
    this.scope = newScope(scope.expected === 'end' ? 'end' : 'statement', joined, scope.union)
    scope.union = false
    if (joined) scope.expected = 'nothing'
    if (scope.expected === 'statement') {
      scope.expected = 'nothing'
      scope.query = true
    }
  }

  private close(): void {
    if (this.ignored > 0) this.ignored--
    else this.scope = this.outer.pop() ?? this.scope
  }

  private endStatement(): void {
    if (this.outer.length > 0 || this.blocks > 0) return
    this.scope = newScope('statement')
    this.begun = false
    this.expressions = undefined
    this.control = CONTROLS[this.verb] ?? this.control
    this.verb = ''
  }

  private addWord(word: string, lexer: Lexer): void {
    const { scope } = this
    switch (scope.expected) {
      case 'end':
        this.countBlocks(word)
        // `ROLLBACK TO` ends no transaction, nor does `COMMIT PREPARED` end that of the session.
        if (word === 'TO' || word === 'PREPARED') this.verb = ''
        return
      case 'statement':
        this.addFirst(word, lexer)
        return
      case 'object':
        this.addObject(word, lexer)
        return
      case 'transaction':
        this.addTransaction(word, lexer)
        return
      case 'target':
      case 'expression':
        if (BEFORE_NAME.has(word)) return
        if (!NO_NAME.has(word)) {
          this.addName(lexer)
          return
        }
        scope.expected = scope.next
    }
    if (word === 'SELECT') this.addSelect(lexer.slice)
    else if (this.mayBegin(word)) this.addFirst(word, lexer)
    else this.addClause(word)
  }

  private mayBegin(word: string): boolean {
    const { lead } = this.scope
    return lead === 'insertion' ? word === 'WITH' : lead !== undefined && STATEMENTS.has(word)
  }

  /** The first word of a statement, or of what stands between parentheses. */
  private addFirst(word: string, lexer: Lexer): void {
    const { scope } = this
    const outer = this.outer.at(-1)
    scope.expected = 'nothing'
    if (word === 'SELECT') this.addSelect(lexer.slice)
    else if (word === 'WITH') {
      scope.lead = 'with'
      scope.expected = 'expression'
    } else if (!outer || scope.lead || (outer.lead === 'with' && STATEMENTS.has(word))) {
      this.addOperation(word, lexer.slice)
    } else if (scope.query && word !== 'VALUES') {
      scope.expected = 'target'
      this.addWord(word, lexer)
    }
  }

  private addSelect(spelt: string): void {
    const { scope } = this
    if (!scope.union) this.emit(spelt)
    scope.union = false
    scope.query = true
    scope.list = false
    scope.lead = undefined
  }

  private addOperation(word: string, spelt: string): void {
    const { scope } = this
    const course = COURSES.get(word)
    if (this.outer.length === 0) this.verb = word
    scope.lead = undefined
    if (!course) {
      scope.expected = 'end'
      return
    }
    if (course === 'object' || course === 'objects' || course === 'transaction') this.operation = spelt
    else this.emit(spelt)
    Object.assign(scope, AFTER_FIRST[course])
  }

  /** A word between `CREATE` and the name of what is created. */
  private addObject(word: string, lexer: Lexer): void {
    const { scope } = this
    if (OBJECT_MODIFIERS.has(word)) return
    const isObject = OBJECTS.has(word)
    if (isObject || OBJECT_PREFIXES.has(word)) this.operation += ` ${lexer.slice}`
    if (!isObject && OBJECT_PREFIXES.has(word)) return
    this.emit(this.operation)
    scope.expected = isObject || scope.list ? 'target' : 'end'
    if (!isObject && scope.list) this.addWord(word, lexer)
  }

  private addTransaction(word: string, lexer: Lexer): void {
    const isTransaction = word === 'TRANSACTION'
    this.emit(isTransaction ? `${this.operation} ${lexer.slice}` : this.operation)
    this.scope.expected = isTransaction ? 'end' : 'nothing'
    this.scope.lead = 'prefix'
  }

  /** A word in the middle of a statement that may change what comes next. */
  private addClause(word: string): void {
    const { scope } = this
    if (word === 'FROM' || word === 'JOIN') {
      const compares = this.word === 'DISTINCT' && (this.wordBefore === 'IS' || this.wordBefore === 'NOT')
      if (scope.query && !compares) this.expectTargets()
    } else if (word === 'USING') {
      if (scope.using) this.expectTargets()
      scope.using = false
    } else if (word === 'UNION' || word === 'INTERSECT' || word === 'EXCEPT') {
      scope.union = true
      scope.list = false
    } else if (AFTER_TARGETS.has(word)) scope.list = false
  }

  private expectTargets(): void {
    this.scope.expected = 'target'
    this.scope.list = true
  }

  private addName(lexer: Lexer): void {
    const { scope } = this
    if (scope.expected === 'expression') {
      this.expressions ??= new Set()
      this.expressions.add(lexer.slice.toLowerCase())
      scope.expected = 'nothing'
    } else if (scope.expected === 'target' || (scope.expected === 'statement' && scope.query)) {
      this.name = lexer.slice
      this.nameGoesOn = false
      scope.expected = scope.next
    } else if (scope.expected === 'object' && scope.list) {
      this.emit(this.operation)
      this.name = lexer.slice
      scope.expected = scope.next
    }
  }

  /** True when a token is part of the name before it: `schema.table`. */
  private extendName({ kind, slice }: Lexer): boolean {
    const isDot = kind === Kind.Mark && slice === '.'
    const isPart = this.nameGoesOn && (kind === Kind.Word || kind === Kind.QuotedName)
    if (!isDot && !isPart) {
      this.endName()
      return false
    }
    this.name += slice
    this.nameGoesOn = isDot
    return true
  }

  private endName(): void {
    const { name } = this
    this.name = ''
    if (name !== '' && !this.expressions?.has(name.toLowerCase())) this.emit(name)
  }

  private emit(part: string): void {
    if (this.full) return
    const text = this.text === '' ? part : `${this.text} ${part}`
    // No part is ever cut, and none follows one that had no room.
    if (text.length > LONGEST) this.full = true
    else this.text = text
  }

  private countBlocks(word: string): void {
    if (word === 'ATOMIC' && this.word === 'BEGIN') this.blocks++
    else if (this.blocks > 0) this.blocks += word === 'CASE' ? 1 : word === 'END' ? -1 : 0
  }
}

const CONTROLS: Readonly<Record<string, 'begin' | 'commit' | 'rollback'>> = {
  BEGIN: 'begin',
  START: 'begin',
  COMMIT: 'commit',
  END: 'commit',
  ROLLBACK: 'rollback',
  ABORT: 'rollback',
}

const AFTER_FIRST: Record<Course, Partial<Scope>> = {
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
