import { DOT } from './characters.ts'
import { Kind } from './kind.ts'
import { Lexer } from './lexer.ts'
import { Mask } from './mask.ts'
import { Summary } from './summary.ts'
import { TextCache } from '../text-cache.ts'
import type { Control } from './transaction-control.ts'

/** What a text of SQL tells about itself. */
export interface Statement {
  /** Operations and targets in order of appearance, `BATCH` for several statements; empty when nothing is known. */
  readonly summary: string
  /** The text with `?` in place of every literal; that of one statement, where all have the same. */
  readonly masked: string
  /** Number of statements in the text. */
  readonly count: number
  /** What the text does to the transaction of its session, if anything. */
  readonly control: Control | undefined
  /** True when there is a comment in the text. */
  readonly comments: boolean
  /** True when it takes values: `$1`. */
  readonly parameters: boolean
  /** True when a string, name or comment is not closed. */
  readonly open: boolean
}

/**
 * Reads a text of SQL in one pass. Any text will do, valid or not.
 * @param isStandard true when it is known that no backslash hides a quote
 */
export function readStatement(text: string, isStandard: boolean): Statement {
  const lexer = new Lexer(text, isStandard)
  const mask = new Mask(text)
  const summary = new Summary()
  let comments = false
  let parameters = false
  let afterDot = false
  for (let kind = lexer.next(); kind !== Kind.End; kind = lexer.next()) {
    comments ||= kind === Kind.Comment
    parameters ||= kind === Kind.Parameter
    // Behind a dot any word is a name: `t.limit`.
    const word = kind === Kind.Word && !afterDot ? upperCase(lexer) : ''
    mask.add(lexer, word)
    summary.add(lexer, word)
    if (kind !== Kind.Space && kind !== Kind.Comment) afterDot = isDot(lexer)
  }
  summary.finish()
  const { batch, control, ends } = summary
  const { text: summaryText, count, repeats } = batch
  const masked = (repeats && commonText(text, ends, isStandard)) || mask.finish()
  return { summary: summaryText, masked, count, control, comments, parameters, open: lexer.open }
}

/** The masked text that all statements of a text have; undefined when they differ. */
function commonText(text: string, ends: readonly number[], isStandard: boolean): string | undefined {
  let common: string | undefined
  let start = 0
  for (const end of [...ends, text.length]) {
    const { masked, count } = readStatement(text.slice(start, end), isStandard)
    start = end + 1
    if (count === 0) continue
    const statement = masked.trim()
    if (statement !== (common ??= statement)) return undefined
  }
  return common
}

function isDot({ kind, text, start, end }: Lexer): boolean {
  return kind === Kind.Mark && end - start === 1 && text.charCodeAt(start) === DOT
}

const LONGEST_KEYWORD = 17

/** A word in upper case, or a dot for one too long to be a keyword. */
function upperCase(lexer: Lexer): string {
  return lexer.end - lexer.start > LONGEST_KEYWORD ? '.' : lexer.slice.toUpperCase()
}

const ofStandard = new TextCache<Statement>()
const ofUncertain = new TextCache<Statement>()

/** As {@link readStatement}, remembering the texts that were read last. */
export function statementOf(text: string, isStandard: boolean): Statement {
  const known = isStandard ? ofStandard : ofUncertain
  const found = known.get(text)
  if (found) return found
  const statement = readStatement(text, isStandard)
  known.set(text, statement)
  return statement
}
