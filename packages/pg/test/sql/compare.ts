import { isDeepStrictEqual } from 'node:util'

import { readStatement } from '../../src/sql/statement.ts'
import { targetsIn, targetsOf } from './parse-tree.ts'
import { countedLiterals, scan, type ScannedToken, shapeOf, withStands } from './postgres-parser.ts'

/** The most characters of a summary. */
export const LONGEST = 255

/** Targets and queries of a summary beside those of the parse tree; undefined when that has neither. */
export function compare(text: string): { own: unknown; found: unknown } | undefined {
  const found = targetsIn(text)
  if (!found) return undefined
  const { summary } = readStatement(text, true)
  const own = targetsOf(summary)
  // Without the parts that had no room, and without names that are spelt like an operation.
  const { targets } = targetsOf(found.targets.join(' '))
  const isCut = summary.length > LONGEST - Math.max(0, ...targets.map(target => target.length + 1))
  return {
    own: { targets: own.targets, queries: isCut || found.queries === undefined ? undefined : own.queries },
    found: {
      targets: isCut ? targets.slice(0, own.targets.length) : targets,
      queries: isCut ? undefined : found.queries,
    },
  }
}

/**
 * What masking did wrong to a statement; empty when nothing.
 * @returns undefined for a text that cannot be compared
 */
export function maskingFault(text: string): string | undefined {
  const tokens = tokensOf(text)
  if (!tokens) return undefined
  const before = shapeOf(withStands(text, tokens))
  if (before === undefined || hasQuestionMarks(tokens)) return undefined
  const { masked, count } = readStatement(text, true)
  // The scanner refuses an empty text.
  if (masked === '') return countedLiterals(tokens).length > 0 ? 'nothing is left' : ''
  const left = scan(masked)
  if (countedLiterals(left).length > 0) return `a literal survives: ${masked}`
  if (left.some(token => token.isComment)) return `a comment survives: ${masked}`
  // Values of settings go as a whole; `setting.test.ts` looks at these. The tags of an event trigger are a list after IN.
  if (/"VAR_SET_|"CreateEventTrigStmt"/.test(JSON.stringify(before))) return ''
  const stands = countedLiterals(tokens).map(({ stand }) => stand)
  // Of statements with the same text, one is left.
  const times = readStatement(masked, true).count === 1 ? count : 1
  const pieces = Array<string>(times).fill(masked).join(';').split('?')
  if (pieces.length !== stands.length + 1) return `${stands.length} literals, but masked: ${masked}`
  const filled = pieces.map((piece, index) => piece + (stands[index] ?? '')).join('')
  return isDeepStrictEqual(before, shapeOf(filled)) ? '' : `another structure: ${masked}`
}

/** Where `?` is an operator too, it cannot be distinguished from a placeholder; `oracle.test.ts` looks at these. */
function hasQuestionMarks(tokens: readonly ScannedToken[]): boolean {
  return tokens.some(token => !token.stand && !token.isComment && token.text.includes('?'))
}

function tokensOf(text: string): ScannedToken[] | undefined {
  try {
    return scan(text)
  } catch {
    return undefined
  }
}
