import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { kindNameOf } from '../match/query.ts'
import { type SpanNode, treesOf } from './tree.ts'
import { showValue } from '../match/value.ts'

/** Prints spans and trees in snapshots without ids and times, so that the output is stable. */
export const spanSerializer: {
  test(value: unknown): boolean
  serialize(value: unknown): string
} = {
  test: value => isTree(value) || isSpan(value) || isListOf(value, isSpan) || isListOf(value, isTree),
  serialize(value) {
    const items = Array.isArray(value) ? (value as unknown[]) : [value]
    const nodes = items.every(isTree) ? items : treesOf(items as ReadableSpan[])
    return nodes.flatMap(node => printNode(node, '')).join('\n')
  },
}

/** Unlike in failure messages, with all data of each span. */
function printNode({ span, children }: SpanNode, indent: string): string[] {
  const status = ['unset', 'ok', 'error'][span.status.code]
  const details = [
    ...Object.keys(span.attributes)
      .toSorted()
      .map(key => `${key}: ${showStable(key, span.attributes[key])}`),
    ...span.events.map(event => `event ${event.name}`),
    ...span.links.map(() => 'link'),
  ]
  return [
    `${indent}${kindNameOf(span)} ${span.name} (${status})`,
    ...details.map(line => `${indent}    ${line}`),
    ...children.flatMap(child => printNode(child, `${indent}  `)),
  ]
}

/** Prints the value of an attribute without the ports of a test, which differ in every run. */
export function showStable(key: string, value: unknown): string {
  if (key.endsWith('.port')) return '(port)'
  return typeof value === 'string'
    ? showValue(value.replace(/(?<=\b(?:127\.0\.0\.1|localhost|\[::1\])):\d+/g, ':(port)'))
    : showValue(value)
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.length > 0 && value.every(isItem)
}

function isSpan(value: unknown): value is ReadableSpan {
  return typeof (value as Partial<ReadableSpan> | null)?.spanContext === 'function'
}

function isTree(value: unknown): value is SpanNode {
  return Array.isArray((value as Partial<SpanNode> | null)?.children) && isSpan((value as SpanNode).span)
}
