import { isSpace } from './characters.ts'
import { Kind } from './kind.ts'
import type { Lexer } from './lexer.ts'
import { SettingValue } from './setting.ts'

const PLACEHOLDER = '?'

/**
 * Builds the text of a statement without its values: every literal becomes `?`, comments are removed, a list of
 * literals after `IN` becomes a single one, the whole value of a setting becomes one `?`, and everything else stays as
 * written.
 */
export class Mask {
  private readonly text: string
  private masked = ''
  /** Up to this index the text has been copied or omitted. */
  private taken = 0
  /** True when the previous token is a value, so that a following sign is a binary operator. */
  private afterOperand = false
  /** Index of a sign that may belong to a number, or -1. */
  private sign = -1
  private list: List = List.None
  /** The text built when the first literal of a list was masked. */
  private shrunk = ''
  private word = ''
  private wordBefore = ''
  private readonly setting = new SettingValue()
  private hides = false

  constructor(text: string) {
    this.text = text
  }

  /** Adds the next token. `word` is the token in upper case if it may be a keyword. */
  add(lexer: Lexer, word: string): void {
    if (lexer.kind === Kind.Space) return
    if (lexer.kind === Kind.Comment) this.dropComment(lexer.start, lexer.end)
    else if (this.setting.add(lexer, word)) this.hide(lexer.start, lexer.end)
    else {
      this.hides = false
      this.show(lexer, word)
    }
  }

  private show(lexer: Lexer, word: string): void {
    switch (lexer.kind) {
      case Kind.Text:
        this.replace(lexer.start, lexer.end)
        break
      case Kind.Number:
        this.replace(this.sign === lexer.start - 1 && this.sign >= 0 ? this.sign : lexer.start, lexer.end)
        break
      case Kind.Word:
        this.addWord(word, lexer)
        break
      case Kind.Operator:
        this.addOperator(lexer)
        return
      case Kind.Mark:
        this.addMark(lexer)
        break
      default:
        this.afterOperand = true
        this.list = List.None
    }
    this.sign = -1
    this.wordBefore = this.word
    this.word = word
  }

  /** The whole masked text. */
  finish(): string {
    return this.taken === 0 ? this.text : this.masked + this.text.slice(this.taken)
  }

  /** Omits a part of a value that spans several tokens. */
  private hide(start: number, end: number): void {
    if (!this.hides) this.masked += this.text.slice(this.taken, start) + PLACEHOLDER
    this.hides = true
    this.taken = end
  }

  private replace(start: number, end: number): void {
    this.masked += this.text.slice(this.taken, start) + PLACEHOLDER
    this.taken = end
    this.afterOperand = true
    if (this.list === List.Open) {
      this.shrunk = this.masked
      this.list = List.Literal
    } else this.list = this.list === List.Comma ? List.Literal : List.None
  }

  private dropComment(start: number, end: number): void {
    const touches =
      start > 0 &&
      !isSpace(this.text.charCodeAt(start - 1)) &&
      end < this.text.length &&
      !isSpace(this.text.charCodeAt(end))
    this.masked += this.text.slice(this.taken, start) + (touches ? ' ' : '')
    this.taken = end
    this.sign = -1
  }

  private addWord(word: string, lexer: Lexer): void {
    const isBoolean = word === 'TRUE' || word === 'FALSE'
    const isTest = this.word === 'IS' || (this.word === 'NOT' && this.wordBefore === 'IS')
    if (isBoolean && !isTest) {
      this.replace(lexer.start, lexer.end)
      return
    }
    this.afterOperand = !BEFORE_OPERAND.has(word)
    this.list = word === 'IN' ? List.In : List.None
  }

  private addOperator({ start, end, text }: Lexer): void {
    const isSign = end - start === 1 && (text[start] === '-' || text[start] === '+')
    this.sign = isSign && !this.afterOperand ? start : -1
    this.afterOperand = false
    if (this.sign < 0) this.list = List.None
    this.word = ''
  }

  private addMark({ start, end, text }: Lexer): void {
    const mark = text[start]
    this.afterOperand = mark === ')' || mark === ']'
    if (mark === '(' && this.list === List.In) this.list = List.Open
    else if (mark === ',' && this.list === List.Literal) this.list = List.Comma
    else {
      if (mark === ')' && this.list === List.Literal) {
        this.masked = this.shrunk
        this.taken = end - 1
      }
      this.list = List.None
    }
  }
}

/** Progress through a list of literals after `IN`. */
const List = { None: 0, In: 1, Open: 2, Literal: 3, Comma: 4 } as const
type List = (typeof List)[keyof typeof List]

/** Words that cannot be a value: a sign after one of them belongs to the following number. */
const BEFORE_OPERAND: ReadonlySet<string> = new Set(
  (
    'ALL AND ANY AS ASC ASYMMETRIC BETWEEN BOTH BY CASE CHECK DEFAULT DESC DISTINCT ELSE EXCEPT FETCH FOR FROM HAVING ' +
    'ILIKE IN INTERSECT IS LEADING LIKE LIMIT MAXVALUE MINVALUE NOT OFFSET ON OR PLACING RETURNING SELECT SET SIMILAR ' +
    'SOME SYMMETRIC THEN TO TRAILING UNION USING VALUES VARIADIC WHEN WHERE WITH'
  ).split(' '),
)
