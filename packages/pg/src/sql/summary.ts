import { FunctionBody } from './function-body.ts'
import { Kind } from './kind.ts'
import type { Lexer } from './lexer.ts'
import { Parts } from './parts.ts'
import { AFTER_FIRST, type Scope, Scopes } from './scope.ts'
import { type Control, TransactionControl } from './transaction-control.ts'
import {
  AFTER_TARGETS,
  BEFORE_NAME,
  COURSES,
  NO_NAME,
  OBJECT_MODIFIERS,
  OBJECT_PREFIXES,
  OBJECTS,
  STATEMENTS,
} from './words.ts'

/**
 * Builds `db.query.summary`: operations and their targets in order of appearance, spelt as in the statement.
 *
 * Source: semantic conventions, "Generating a summary of the query text". The README says what is decided here for
 * statements the convention has no rule for.
 */
export class Summary {
  /** Number of statements. */
  statements = 0
  private readonly parts = new Parts()
  private readonly transaction = new TransactionControl()
  private readonly body = new FunctionBody()
  private readonly scopes = new Scopes()
  private begun = false
  /** An operation whose other words are yet to come, such as `CREATE`. */
  private operation = ''
  private word = ''
  private wordBefore = ''

  private get scope(): Scope {
    return this.scopes.current
  }

  get text(): string {
    return this.parts.text
  }

  /** What the text does to the transaction of its session. */
  get control(): Control | undefined {
    return this.transaction.control
  }

  /** Takes the next token. `word` is the token in upper case if it may be a keyword. */
  add(lexer: Lexer, word: string): void {
    const { kind } = lexer
    if (kind === Kind.Space || kind === Kind.Comment) return
    if (this.parts.extendName(lexer)) return
    if (kind === Kind.Mark) this.addMark(lexer.text[lexer.start] ?? '')
    else this.begin()
    if (!this.scopes.ignoring) {
      if (kind === Kind.Word) this.addWord(word, lexer)
      else if (kind === Kind.QuotedName) this.addName(lexer)
    }
    this.wordBefore = this.word
    this.word = word
  }

  /** Takes the end of the text. */
  finish(): void {
    this.parts.endName()
    this.transaction.end()
  }

  private begin(): void {
    if (!this.begun) this.statements++
    this.begun = true
  }

  private addMark(mark: string): void {
    if (mark === '(') {
      this.begin()
      this.scopes.open()
    } else if (mark === ')') this.scopes.close()
    else if (mark === ';') this.endStatement()
    else if (mark === ',' && !this.scopes.ignoring) {
      if (this.scope.lead === 'with') this.scope.expected = 'expression'
      else if (this.scope.list) this.scope.expected = 'target'
    }
  }

  private endStatement(): void {
    if (this.scopes.outer || this.body.open) return
    this.scopes.begin()
    this.begun = false
    this.parts.endStatement()
    this.transaction.end()
  }

  private addWord(word: string, lexer: Lexer): void {
    const { scope } = this
    switch (scope.expected) {
      case 'end':
        this.body.addWord(word, this.word)
        this.transaction.addWord(word)
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
    return lead === 'insertion'
      ? word === 'WITH' || word === 'TABLE'
      : lead !== undefined && STATEMENTS.has(word)
  }

  /** The first word of a statement, or of what stands between parentheses. */
  private addFirst(word: string, lexer: Lexer): void {
    const { scope } = this
    const { outer } = this.scopes
    scope.expected = 'nothing'
    if (word === 'SELECT') this.addSelect(lexer.slice)
    else if (word === 'WITH') {
      scope.lead = 'with'
      scope.expected = 'expression'
    } else if (!outer || scope.lead || word === 'TABLE' || (outer.lead === 'with' && STATEMENTS.has(word))) {
      this.addOperation(word, lexer.slice)
    } else if (scope.query && word !== 'VALUES') {
      scope.expected = 'target'
      this.addWord(word, lexer)
    }
  }

  private addSelect(spelt: string): void {
    const { scope } = this
    if (!scope.union) this.parts.add(spelt)
    scope.union = false
    scope.query = true
    scope.list = false
    scope.lead = undefined
  }

  private addOperation(word: string, spelt: string): void {
    const { scope } = this
    const course = COURSES.get(word)
    if (!this.scopes.outer) this.transaction.begin(word)
    scope.lead = undefined
    if (!course) {
      scope.expected = 'end'
      return
    }
    if (course === 'object' || course === 'objects' || course === 'transaction') this.operation = spelt
    else this.parts.add(spelt)
    Object.assign(scope, AFTER_FIRST[course])
  }

  /** A word between `CREATE` and the name of what is created. */
  private addObject(word: string, lexer: Lexer): void {
    const { scope } = this
    if (OBJECT_MODIFIERS.has(word)) return
    const isObject = OBJECTS.has(word)
    if (isObject || OBJECT_PREFIXES.has(word)) this.operation += ` ${lexer.slice}`
    if (!isObject && OBJECT_PREFIXES.has(word)) return
    this.parts.add(this.operation)
    scope.expected = isObject || scope.list ? 'target' : 'end'
    if (!isObject && scope.list) this.addWord(word, lexer)
  }

  private addTransaction(word: string, lexer: Lexer): void {
    const isTransaction = word === 'TRANSACTION'
    this.parts.add(isTransaction ? `${this.operation} ${lexer.slice}` : this.operation)
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
      // Behind values or a table, the query that is joined is another operation.
      scope.union = scope.query
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
      this.parts.except(lexer.slice)
      scope.expected = 'nothing'
    } else if (scope.expected === 'target' || (scope.expected === 'statement' && scope.query)) {
      this.parts.beginName(lexer.slice)
      scope.expected = scope.next
    } else if (scope.expected === 'object' && scope.list) {
      this.parts.add(this.operation)
      this.parts.beginName(lexer.slice)
      scope.expected = scope.next
    }
  }
}
