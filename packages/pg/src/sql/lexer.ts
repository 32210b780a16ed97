/** What a piece of SQL is to PostgreSQL's scanner. */
export const Kind = {
  End: 0,
  Space: 1,
  Comment: 2,
  /** Keyword or identifier without quotes. */
  Word: 3,
  /** `"name"` and `U&"name"`. */
  QuotedName: 4,
  /** A string of any form: `'..'`, `E'..'`, `U&'..'`, `B'..'`, `X'..'`, `N'..'`, `$tag$..$tag$`. */
  Text: 5,
  Number: 6,
  /** `$1` */
  Parameter: 7,
  Operator: 8,
  /** Punctuation: `( ) [ ] , ; . .. : :: :=`, or a character PostgreSQL knows no use for. */
  Mark: 9,
} as const

export type Kind = (typeof Kind)[keyof typeof Kind]

/** How a quote stands in a string: doubled, doubled or after a backslash, or not at all. */
type StringForm = 'plain' | 'escapes' | 'bits'

/**
 * Splits any text into the tokens PostgreSQL's own scanner would see, in one pass and linear time. What is not
 * closed (a string, a comment) reaches to the end of the text. Assumes `standard_conforming_strings = on`, the
 * default since PostgreSQL 9.1.
 *
 * Source: PostgreSQL documentation, "Lexical Structure".
 */
export class Lexer {
  kind: Kind = Kind.End
  start = 0
  end = 0
  readonly text: string
  /** True when the last token is not closed: it reached to the end of the text. */
  open = false
  /** Up to here a run of operator characters is known to hold single signs only. */
  private signsUntil = 0

  constructor(text: string) {
    this.text = text
  }

  /** The token itself. */
  get slice(): string {
    return this.text.slice(this.start, this.end)
  }

  /** Moves to the next token. */
  next(): Kind {
    this.start = this.end
    if (this.start >= this.text.length) return (this.kind = Kind.End)
    const code = this.text.charCodeAt(this.start)
    if (isSpace(code)) return this.space()
    if (isNameStart(code)) return this.word(code)
    if (isDigit(code)) return this.number()
    if (code === QUOTE) return this.string(this.start + 1, 'plain')
    if (code === DOUBLE_QUOTE) return this.quotedName(this.start + 1)
    if (code === DOLLAR) return this.dollar()
    if (code === DOT && isDigit(this.code(1))) return this.number()
    if (code === DASH && this.code(1) === DASH) return this.lineComment()
    if (code === SLASH && this.code(1) === STAR) return this.blockComment()
    if (isOperator(code)) return this.operator(code)
    return this.mark(code)
  }

  private code(offset: number): number {
    return this.text.charCodeAt(this.start + offset)
  }

  private finish(kind: Kind, end: number): Kind {
    this.end = end
    return (this.kind = kind)
  }

  private space(): Kind {
    let at = this.start + 1
    while (isSpace(this.text.charCodeAt(at))) at++
    return this.finish(Kind.Space, at)
  }

  private word(code: number): Kind {
    if (this.code(1) === QUOTE) {
      const lower = code | 0x20
      if (lower === LETTER_E) return this.string(this.start + 2, 'escapes')
      if (lower === LETTER_N) return this.string(this.start + 2, 'plain')
      if (lower === LETTER_B || lower === LETTER_X) return this.string(this.start + 2, 'bits')
    }
    if ((code | 0x20) === LETTER_U && this.code(1) === AMPERSAND) {
      if (this.code(2) === QUOTE) return this.string(this.start + 3, 'plain')
      if (this.code(2) === DOUBLE_QUOTE) return this.quotedName(this.start + 3)
    }
    return this.finish(Kind.Word, this.nameEnd(this.start + 1))
  }

  private nameEnd(from: number): number {
    let at = from
    while (isNamePart(this.text.charCodeAt(at))) at++
    return at
  }

  /** @param from the place after the opening quote */
  private string(from: number, form: StringForm): Kind {
    let at = this.stringEnd(from, form)
    for (;;) {
      const reopened = this.continuation(at)
      if (reopened < 0) return this.finish(Kind.Text, at)
      at = this.stringEnd(reopened, form)
    }
  }

  private stringEnd(from: number, form: StringForm): number {
    const { text } = this
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === BACKSLASH && form === 'escapes') at++
      else if (code === QUOTE) {
        if (form === 'bits' || text.charCodeAt(at + 1) !== QUOTE) return at + 1
        at++
      }
    }
    return this.unclosed()
  }

  /** A string goes on after a line break, white space and line comments; the place after its quote, or -1. */
  private continuation(from: number): number {
    const { text } = this
    let broken = false
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === NEWLINE || code === RETURN) broken = true
      else if (code === QUOTE) return broken ? at + 1 : -1
      else if (code === DASH && text.charCodeAt(at + 1) === DASH) at = this.lineEnd(at) - 1
      else if (!isSpace(code)) return -1
    }
    return -1
  }

  private quotedName(from: number): Kind {
    const { text } = this
    for (let at = from; at < text.length; at++) {
      if (text.charCodeAt(at) !== DOUBLE_QUOTE) continue
      if (text.charCodeAt(at + 1) !== DOUBLE_QUOTE) return this.finish(Kind.QuotedName, at + 1)
      at++
    }
    return this.finish(Kind.QuotedName, this.unclosed())
  }

  private unclosed(): number {
    this.open = true
    return this.text.length
  }

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
    const tag = text.slice(start, at + 1)
    const close = text.indexOf(tag, at + 1)
    return this.finish(Kind.Text, close < 0 ? this.unclosed() : close + tag.length)
  }

  private number(): Kind {
    let at = this.digitsEnd(this.start)
    const { text } = this
    // In `1..2` the dots belong to neither number.
    if (text.charCodeAt(at) === DOT && text.charCodeAt(at + 1) !== DOT) at = this.digitsEnd(at + 1)
    if ((text.charCodeAt(at) | 0x20) === LETTER_E) {
      const sign = text.charCodeAt(at + 1)
      const digits = sign === PLUS || sign === DASH ? at + 2 : at + 1
      if (isDigit(text.charCodeAt(digits))) at = this.digitsEnd(digits)
    }
    // Hexadecimal, octal and binary digits, and what PostgreSQL calls trailing junk, which may be part of a secret.
    return this.finish(Kind.Number, isNameStart(text.charCodeAt(at)) ? this.nameEnd(at) : at)
  }

  private digitsEnd(from: number): number {
    let at = from
    while (isDigit(this.text.charCodeAt(at)) || (at > from && this.text.charCodeAt(at) === UNDERSCORE)) at++
    return at
  }

  private lineComment(): Kind {
    return this.finish(Kind.Comment, this.lineEnd(this.start))
  }

  private lineEnd(from: number): number {
    let at = from
    while (at < this.text.length) {
      const code = this.text.charCodeAt(at)
      if (code === NEWLINE || code === RETURN) break
      at++
    }
    return at
  }

  private blockComment(): Kind {
    const { text } = this
    let depth = 1
    let at = this.start + 2
    while (at < text.length && depth > 0) {
      const code = text.charCodeAt(at)
      if (code === SLASH && text.charCodeAt(at + 1) === STAR) {
        depth++
        at += 2
      } else if (code === STAR && text.charCodeAt(at + 1) === SLASH) {
        depth--
        at += 2
      } else at++
    }
    return this.finish(Kind.Comment, depth > 0 ? this.unclosed() : at)
  }

  /** An operator of several characters ends in a sign only if it holds one of `~ ! @ # ^ & | ? %` or a back-quote. */
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

const NEWLINE = 0x0a
const RETURN = 0x0d
const DOUBLE_QUOTE = 0x22
const DOLLAR = 0x24
const AMPERSAND = 0x26
const QUOTE = 0x27
const STAR = 0x2a
const PLUS = 0x2b
const DASH = 0x2d
const DOT = 0x2e
const SLASH = 0x2f
const COLON = 0x3a
const EQUALS = 0x3d
const BACKSLASH = 0x5c
const UNDERSCORE = 0x5f
const LETTER_B = 0x62
const LETTER_E = 0x65
const LETTER_N = 0x6e
const LETTER_U = 0x75
const LETTER_X = 0x78

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isNameStart(code: number): boolean {
  const lower = code | 0x20
  return (lower >= 0x61 && lower <= 0x7a) || code === UNDERSCORE || code >= 0x80
}

function isNamePart(code: number): boolean {
  return isNameStart(code) || isDigit(code) || code === DOLLAR
}

const OPERATORS = flags('~!@#^&|`?+-*/%<>=')
const SPECIAL = flags('~!@#^&|`?%')

function flags(characters: string): Uint8Array {
  const table = new Uint8Array(128)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

function isOperator(code: number): boolean {
  return OPERATORS[code] === 1
}

function isSpecial(code: number): boolean {
  return SPECIAL[code] === 1
}

function opensComment(code: number, next: number): boolean {
  return (code === DASH && next === DASH) || (code === SLASH && next === STAR)
}
