import { parseSync } from '@swc/core'

/** A regular expression as written in a source. */
export interface Expression {
  readonly pattern: string
  readonly flags: string
}

interface Node {
  readonly type?: string
  readonly pattern?: string
  readonly flags?: string
  readonly callee?: { readonly value?: unknown }
  readonly arguments?: unknown
  readonly value?: unknown
}

/** The regular expressions of a TypeScript source, and whether it makes more of them from texts. */
export function expressionsIn(source: string): {
  readonly expressions: readonly Expression[]
  readonly makesSome: boolean
} {
  const expressions: Expression[] = []
  let makesSome = false
  visit(parseSync(source, { syntax: 'typescript', target: 'es2022' }), node => {
    if (node.type === 'RegExpLiteral') {
      expressions.push({ pattern: node.pattern ?? '', flags: node.flags ?? '' })
    }
    if (node.callee?.value !== 'RegExp') return
    makesSome = true
    // What is known of it: the strings it is composed of.
    visit(node.arguments, ({ type, value }) => {
      if (type === 'StringLiteral') expressions.push({ pattern: String(value), flags: '' })
    })
  })
  return { expressions, makesSome }
}

function visit(value: unknown, seen: (node: Node) => void): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) seen(value)
  for (const part of Object.values(value)) visit(part, seen)
}
