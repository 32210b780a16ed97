import {
  AMPERSAND,
  COLON,
  DASH,
  DOLLAR,
  DOT,
  DOUBLE_QUOTE,
  EQUALS,
  isDigit,
  isNamePart,
  isNameStart,
  isOperator,
  isSpace,
  isSpecial,
  LETTER_B,
  LETTER_E,
  LETTER_N,
  LETTER_U,
  LETTER_X,
  opensComment,
  PLUS,
  QUOTE,
  SLASH,
  STAR,
} from './characters.ts'
import {
  blockCommentEnd,
  lineEnd,
  nameEnd,
  numberEnd,
  OPEN,
  quotedNameEnd,
  spaceEnd,
  stringEnd,
  taggedEnd,
} from './ends.ts'
import { Kind } from './kind.ts'

/**
 * Splits any text into the tokens PostgreSQL's own scanner would see, in one pass and linear time. An unterminated
 * token (a string, a comment) extends to the end of the text. So does a string whose end depends on whether a backslash
 * escapes a quote, unless it is known that it does not.
 *
 * Source: PostgreSQL documentation, "Lexical Structure".
 */
export class Lexer {
  kind: Kind = Kind.End
  start = 0
  end = 0
  readonly text: string
  /** True when the last token is unterminated: it extends to the end of the text. */
  open = false
  /** Up to this index, a run of operator characters is known to contain single signs only. */
  private signsUntil = 0
  private readonly isStandard: boolean

  /** @param isStandard true when `standard_conforming_strings` is on: no backslash escapes a quote in a plain string */
  constructor(text: string, isStandard: boolean) {
    this.text = text
    this.isStandard = isStandard
  }

  /** The token itself. */
  get slice(): string {
    return this.text.slice(this.start, this.end)
  }

  /** Moves to the next token. */
  next(): Kind {
    const { text, end: start } = this
    this.start = start
    if (start >= text.length) return (this.kind = Kind.End)
    const code = text.charCodeAt(start)
    if (isSpace(code)) return this.finish(Kind.Space, spaceEnd(text, start + 1))
    if (isNameStart(code)) return this.word(code)
    if (isDigit(code)) return this.number()
    if (code === QUOTE) return this.string(start + 1)
    if (code === DOUBLE_QUOTE) return this.finish(Kind.QuotedName, quotedNameEnd(text, start + 1))
    if (code === DOLLAR) return this.dollar()
    if (code === DOT && isDigit(this.code(1))) return this.number()
    if (code === DASH && this.code(1) === DASH) return this.finish(Kind.Comment, lineEnd(text, start))
    if (code === SLASH && this.code(1) === STAR) {
      return this.finish(Kind.Comment, blockCommentEnd(text, start + 2))
    }
    return isOperator(code) ? this.operator(code) : this.mark(code)
  }

  private code(offset: number): number {
    return this.text.charCodeAt(this.start + offset)
  }

  private finish(kind: Kind, end: number): Kind {
    this.open = end === OPEN
    this.end = this.open ? this.text.length : end
    return (this.kind = kind)
  }

  private number(): Kind {
    return this.finish(Kind.Number, numberEnd(this.text, this.start))
  }

  /** A string without a prefix letter that defines the meaning of backslashes. */
  private string(from: number): Kind {
    const end = stringEnd(this.text, from, 'plain')
    const isCertain = this.isStandard || end === stringEnd(this.text, from, 'escapes')
    return this.finish(Kind.Text, isCertain ? end : OPEN)
  }

  /** A word, or a string or name with a letter before its quote. */
  private word(code: number): Kind {
    const { text, start } = this
    const letter = code | 0x20
    if (this.code(1) === QUOTE) {
      if (letter === LETTER_E) return this.finish(Kind.Text, stringEnd(text, start + 2, 'escapes'))
      if (letter === LETTER_N) return this.string(start + 2)
      if (letter === LETTER_B || letter === LETTER_X) {
        return this.finish(Kind.Text, stringEnd(text, start + 2, 'bits'))
      }
    }
    if (letter === LETTER_U && this.code(1) === AMPERSAND) {
      if (this.code(2) === QUOTE) return this.string(start + 3)
      if (this.code(2) === DOUBLE_QUOTE) {
        return this.finish(Kind.QuotedName, quotedNameEnd(text, start + 3))
      }
    }
    return this.finish(Kind.Word, nameEnd(text, start + 1))
  }

  /** `$1`, `$tag$..$tag$`, or a dollar sign without meaning. */
  private dollar(): Kind {
    const { text, start } = this
    let at = start + 1
    if (isDigit(text.charCodeAt(at))) {
      while (isDigit(text.charCodeAt(at))) at++
      return this.finish(Kind.Parameter, at)
    }
    if (isNameStart(text.charCodeAt(at)))
      while (isNamePart(text.charCodeAt(at)) && text.charCodeAt(at) !== DOLLAR) at++
    if (text.charCodeAt(at) !== DOLLAR) return this.finish(Kind.Mark, start + 1)
    return this.finish(Kind.Text, taggedEnd(text, text.slice(start, at + 1), at + 1))
  }

  /** A multi-character operator ends in a sign only if it contains one of `~ ! @ # ^ & | ? %` or a back-quote. */
  private operator(first: number): Kind {
    const { text, start } = this
    if (start < this.signsUntil) return this.finish(Kind.Operator, start + 1)
    let at = start
    let lastNoSign = start
    let special = false
    for (let code = first; isOperator(code); code = text.charCodeAt(++at)) {
      if (at > start && opensComment(code, text.charCodeAt(at + 1))) break
      if (code !== PLUS && code !== DASH) lastNoSign = at
      special ||= isSpecial(code)
    }
    if (special) return this.finish(Kind.Operator, at)
    this.signsUntil = at
    return this.finish(Kind.Operator, lastNoSign + 1)
  }

  private mark(code: number): Kind {
    const next = this.code(1)
    const double = (code === COLON && (next === COLON || next === EQUALS)) || (code === DOT && next === DOT)
    return this.finish(Kind.Mark, this.start + (double ? 2 : 1))
  }
}
