import { DOT } from './characters.ts'
import { Kind } from './kind.ts'
import { Lexer } from './lexer.ts'
import { Mask } from './mask.ts'
import { Summary } from './summary.ts'
import { TextCache } from '../text-cache.ts'
import type { Control } from './transaction-control.ts'

/** The facts read from an SQL text. */
export interface Statement {
  /** Operations and targets in order of appearance, `BATCH` for several statements; empty when none is known. */
  readonly summary: string
  /** The text with `?` in place of every literal; the text of one statement when all have the same. */
  readonly masked: string
  /** The procedure that the text calls, spelt as in it; undefined when it calls none, several, or does anything else. */
  readonly procedure: string | undefined
  /** Number of statements in the text. */
  readonly count: number
  /** The effect of the text on its session's transaction, if any. */
  readonly control: Control | undefined
  /** True when the text contains a comment. */
  readonly comments: boolean
  /** True when it has parameters: `$1`. */
  readonly parameters: boolean
  /** True when a string, name or comment is not terminated. */
  readonly open: boolean
}

/**
 * Reads an SQL text in one pass. Accepts any text, valid or not.
 * @param isStandard true when it is known that no backslash escapes a quote
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
    // After a dot any word is a name: `t.limit`.
    const word = kind === Kind.Word && !afterDot ? upperCase(lexer) : ''
    mask.add(lexer, word)
    summary.add(lexer, word)
    if (kind !== Kind.Space && kind !== Kind.Comment) afterDot = isDot(lexer)
  }
  summary.finish()
  const { batch, control, ends } = summary
  const { text: summaryText, count, repeats, procedure } = batch
  const masked = (repeats && commonText(text, ends, isStandard)) || mask.finish()
  const { open } = lexer
  return { summary: summaryText, masked, procedure, count, control, comments, parameters, open }
}

/** The masked text shared by all statements; undefined when they differ. */
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

/** Like {@link readStatement}, with a cache of recent texts. */
export function statementOf(text: string, isStandard: boolean): Statement {
  const known = isStandard ? ofStandard : ofUncertain
  const found = known.get(text)
  if (found) return found
  const statement = readStatement(text, isStandard)
  known.set(text, statement)
  return statement
}
