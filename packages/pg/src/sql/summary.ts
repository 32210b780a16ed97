import { FunctionBody } from './function-body.ts'
import { Kind } from './kind.ts'
import type { Lexer } from './lexer.ts'
import { nameIn, type Names } from './names.ts'
import { Batch, Parts } from './parts.ts'
import { AFTER_FIRST, enterClause, type Scope, Scopes } from './scope.ts'
import { type Control, TransactionControl } from './transaction-control.ts'
import {
  AFTER_LEAD,
  BEFORE_NAME,
  COURSES,
  NO_NAME,
  OBJECT_MODIFIERS,
  OBJECT_PREFIXES,
  OBJECTS,
  STATEMENTS,
} from './words.ts'

/**
 * Builds `db.query.summary`: operations and their targets in order of appearance, spelt as in the statement; for
 * several statements `BATCH`, followed by their summary when all have the same.
 *
 * Source: semantic conventions 1.45, "Generating a summary of the query text" and "Batch operations". The README
 * documents the rules for statements that the conventions do not cover.
 */
export class Summary {
  /** Indexes of the semicolons that end a statement. */
  readonly ends: number[] = []
  /** The summary of all statements together. */
  readonly batch: Batch = new Batch()
  private parts = new Parts()
  private readonly transaction = new TransactionControl()
  private readonly body = new FunctionBody()
  private readonly scopes = new Scopes()
  private begun = false
  /** An operation whose other words follow, such as `CREATE`. */
  private operation = ''
  private word = ''
  private wordBefore = ''

  private get scope(): Scope {
    return this.scopes.current
  }

  /** The effect of the text on its session's transaction. */
  get control(): Control | undefined {
    return this.transaction.control
  }

  /** Adds the next token. `word` is the token in upper case if it may be a keyword. */
  add(lexer: Lexer, word: string): void {
    const { kind } = lexer
    if (kind === Kind.Space || kind === Kind.Comment) return
    if (word === 'FROM' && this.parts.takeBack('ROWS')) {
      this.scope.expected = 'target'
      return
    }
    if (this.parts.extendName(lexer)) return
    if (kind === Kind.Mark) this.addMark(lexer.text[lexer.start] ?? '', lexer.start)
    else this.begun = true
    if (!this.scopes.ignoring) {
      if (kind === Kind.Word) this.addWord(word, lexer)
      else if (kind === Kind.QuotedName) this.addName(lexer)
      else if (kind !== Kind.Mark) this.addValue()
    }
    this.wordBefore = this.word
    this.word = word
  }

  /** Handles the end of the text. */
  finish(): void {
    this.endParts()
    this.transaction.end()
  }

  private addMark(mark: string, at: number): void {
    if (mark === '(' || mark === '[') {
      this.begun = true
      this.scopes.open(this.word === 'ONLY')
    } else if (mark === ')' || mark === ']') this.scopes.close()
    else if (mark === ';') this.endStatement(at)
    else if (mark === ',' && !this.scopes.ignoring) this.addComma(this.scope)
  }

  private addComma(scope: Scope): void {
    if (scope.lead === 'with') {
      if (scope.expected !== 'columns') scope.expected = 'expression'
    } else if (scope.targets === 'list') scope.expected = 'target'
  }

  /** A literal, parameter or operator: the next token neither begins a statement nor is a label. */
  private addValue(): void {
    const { scope } = this
    if (scope.expected === 'statement') scope.expected = this.scopes.outer ? 'nothing' : 'end'
    else if (scope.expected === 'label') scope.expected = 'nothing'
  }

  private endStatement(at: number): void {
    if (this.scopes.outer || this.body.open) return
    if (this.begun) this.ends.push(at)
    this.endParts()
    this.scopes.begin()
    this.transaction.end()
  }

  private endParts(): void {
    if (!this.begun) return
    this.begun = false
    this.batch.add(this.parts)
    this.parts = new Parts()
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
      case 'expression':
        if (word === 'RECURSIVE' && this.word === 'WITH') this.startRecursive()
        else this.addName(lexer)
        return
      case 'columns':
        if (word === 'SET') scope.expected = 'nothing'
        return
      case 'label':
        scope.expected = 'nothing'
        return
      case 'relation':
      case 'target':
      case 'into':
        if (BEFORE_NAME[scope.expected].has(word)) return
        if (!NO_NAME.has(word)) {
          this.addName(lexer)
          return
        }
        scope.expected = scope.next
    }
    if (scope.lead && AFTER_LEAD[scope.lead].has(word)) this.addFirst(word, lexer)
    else this.addClause(word)
  }

  /** The first word of a statement, or of the contents of parentheses. */
  private addFirst(word: string, lexer: Lexer): void {
    const { scope } = this
    // `UNION ALL` is followed by a query, and in the parentheses of a function these words have no effect.
    if (word === 'ALL' || word === 'DISTINCT') return
    scope.expected = 'nothing'
    const { outer } = this.scopes
    const { union, lead, body, targets } = scope
    // The statement of `DECLARE c CURSOR WITH HOLD FOR` still follows.
    if (word === 'WITH' && this.word === 'CURSOR') return
    if (word === 'WITH') {
      scope.lead = 'with'
      scope.expected = 'expression'
      scope.recursive = undefined
    } else if (word === 'SELECT' || word === 'TABLE') this.addOperation(word, lexer.slice)
    else if (!outer || lead || (body && STATEMENTS.has(word))) {
      // `VALUES` in an insertion or a set operation isn't an operation.
      if (word === 'VALUES' && (union || lead === 'insertion')) scope.lead = undefined
      else this.addOperation(word, lexer.slice)
    } else if (word === 'VALUES') scope.targets = 'none'
    else if (targets !== 'none') {
      scope.expected = 'target'
      this.addWord(word, lexer)
    }
  }

  private startRecursive(): void {
    const { scope } = this
    scope.recursive = new Set()
    scope.names = { own: scope.recursive, outer: scope.names }
  }

  private addOperation(word: string, spelt: string): void {
    const { scope } = this
    const course = COURSES.get(word)
    if (!this.scopes.outer) this.transaction.begin(word)
    scope.lead = undefined
    scope.targets = 'none'
    if (!course) {
      scope.expected = 'end'
      return
    }
    if (course === 'object' || course === 'objects' || course === 'transaction') this.operation = spelt
    else if (!scope.union || scope.operation !== word) this.parts.add(spelt)
    scope.operation = word
    scope.union = false
    Object.assign(scope, AFTER_FIRST[course])
    if (scope.expected === 'relation') scope.namesBefore = scope.names
  }

  /** A word between `CREATE` and the name of the created object. */
  private addObject(word: string, lexer: Lexer): void {
    const { scope } = this
    if (OBJECT_MODIFIERS.has(word)) return
    const isObject = OBJECTS.has(word)
    if (isObject || OBJECT_PREFIXES.has(word)) this.operation += ` ${lexer.slice}`
    if (!isObject && OBJECT_PREFIXES.has(word)) return
    this.parts.add(this.operation)
    const isList = scope.targets === 'list'
    scope.expected = isObject || isList ? 'relation' : 'end'
    if (!isObject && isList) this.addWord(word, lexer)
  }

  private addTransaction(word: string, lexer: Lexer): void {
    const isTransaction = word === 'TRANSACTION'
    this.parts.add(isTransaction ? `${this.operation} ${lexer.slice}` : this.operation)
    this.scope.expected = isTransaction ? 'end' : 'nothing'
    this.scope.lead = 'prefix'
  }

  /** A word within a statement that may change what is expected next. */
  private addClause(word: string): void {
    const compares = this.word === 'DISTINCT' && (this.wordBefore === 'IS' || this.wordBefore === 'NOT')
    if (!compares || word !== 'FROM') enterClause(this.scope, word)
  }

  private addName(lexer: Lexer): void {
    const { scope } = this
    const { expected, targets } = scope
    if (expected === 'expression') {
      scope.named = nameIn(lexer.slice)
      scope.recursive?.add(scope.named)
      scope.expected = 'nothing'
    } else if (expected === 'target' || (expected === 'statement' && targets !== 'none')) {
      this.beginTarget(lexer, scope.names)
    } else if (expected === 'relation' || expected === 'into') this.beginTarget(lexer, undefined)
    else if (expected === 'object' && targets === 'list') {
      this.parts.add(this.operation)
      this.beginTarget(lexer, undefined)
    } else this.addValue()
  }

  private beginTarget(lexer: Lexer, names: Names | undefined): void {
    this.parts.beginName(lexer.slice, names)
    this.scope.expected = this.scope.next
  }
}
