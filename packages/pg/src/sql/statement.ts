import { DOT } from './characters.ts'
import { Kind } from './kind.ts'
import { Lexer } from './lexer.ts'
import { Mask } from './mask.ts'
import { Summary } from './summary.ts'
import { TextCache } from './text-cache.ts'
import type { Control } from './transaction-control.ts'

/** What a text of SQL tells about itself. */
export interface Statement {
  /** Operations and targets in order of appearance; empty when there is nothing known in the text. */
  readonly summary: string
  /** The text with `?` in place of every literal. */
  readonly masked: string
  /** Number of statements in the text. */
  readonly count: number
  /** What the text does to the transaction of its session, if anything. */
  readonly control: Control | undefined
  /** True when there is a comment in the text. */
  readonly comments: boolean
  /** True when a string, name or comment is not closed. */
  readonly open: boolean
}

/** Reads a text of SQL in one pass. Any text will do, valid or not. */
export function readStatement(text: string): Statement {
  const lexer = new Lexer(text)
  const mask = new Mask(text)
  const summary = new Summary()
  let comments = false
  let afterDot = false
  for (let kind = lexer.next(); kind !== Kind.End; kind = lexer.next()) {
    comments ||= kind === Kind.Comment
    // Behind a dot any word is a name: `t.limit`.
    const word = kind === Kind.Word && !afterDot ? upperCase(lexer) : ''
    mask.add(lexer, word)
    summary.add(lexer, word)
    if (kind !== Kind.Space && kind !== Kind.Comment) afterDot = isDot(lexer)
  }
  summary.finish()
  const { text: summaryText, statements: count, control } = summary
  return { summary: summaryText, masked: mask.finish(), count, control, comments, open: lexer.open }
}

function isDot({ kind, text, start, end }: Lexer): boolean {
  return kind === Kind.Mark && end - start === 1 && text.charCodeAt(start) === DOT
}

const LONGEST_KEYWORD = 17

/** A word in upper case, or a dot for one too long to be a keyword. */
function upperCase(lexer: Lexer): string {
  return lexer.end - lexer.start > LONGEST_KEYWORD ? '.' : lexer.slice.toUpperCase()
}

const known = new TextCache<Statement>()

/** As {@link readStatement}, remembering the texts that were read last. */
export function statementOf(text: string): Statement {
  const found = known.get(text)
  if (found) return found
  const statement = readStatement(text)
  known.set(text, statement)
  return statement
}
