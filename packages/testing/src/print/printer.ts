import { SpanStatusCode } from '@opentelemetry/api'

import { kindNameOf, type SpanFace } from '../match/query.ts'
import type { SpanNode } from './tree.ts'

/** Prints trees as indented text, one line per span: the format that `toMatchTrace` reads. */
export function printTrees(nodes: readonly SpanNode[], indent = ''): string {
  return nodes
    .flatMap(({ span, children }) => [
      `${indent}${lineOf(span)}`,
      ...(children.length > 0 ? [printTrees(children, `${indent}  `)] : []),
    ])
    .join('\n')
}

/** Formats a span as one line: kind, name, and for a failure ✗ with its `error.type`. */
export function lineOf(span: SpanFace): string {
  const failed = span.status.code === SpanStatusCode.ERROR
  const errorType = span.attributes['error.type']
  return `${kindNameOf(span)} ${span.name}${failed ? ` ✗${errorType === undefined ? '' : ` ${String(errorType)}`}` : ''}`
}

/** Indents every line of a text. */
export function indentLines(text: string, indent = '  '): string {
  return text
    .split('\n')
    .map(line => `${indent}${line}`)
    .join('\n')
}
