import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { lineOf } from './printer.ts'
import { type SpanNode, treesOf } from './tree.ts'

/** Prints the spans as trees with `>` before those that are marked. */
export function printMarked(spans: readonly ReadableSpan[], marked: ReadonlySet<ReadableSpan>): string {
  const print = (nodes: readonly SpanNode[], indent: string): string[] =>
    nodes.flatMap(({ span, children }) => [
      `${marked.has(span) ? '>' : ' '} ${indent}${lineOf(span)}`,
      ...print(children, `${indent}  `),
    ])
  return print(treesOf(spans), '').join('\n')
}
