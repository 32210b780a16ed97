import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import { lineOf } from '../print/printer.ts'
import { endedBefore } from '../record/store.ts'
import { showStable } from '../print/serializer.ts'
import type { SpanNode } from '../print/tree.ts'

/** The shape of a span: what a baseline keeps of it. */
export interface ShapeNode {
  /** Kind, name and failure. */
  readonly line: string
  /** The chosen attributes, as `key: value`. */
  readonly attributes: readonly string[]
  /** Children in the order they ran; those of one group ran at once. */
  readonly groups: readonly (readonly ShapeNode[])[]
}

/** The shapes of recorded trees, in groups that ran one after the other. */
export function shapesOf(
  trees: readonly SpanNode[],
  keys: readonly ((key: string) => boolean)[],
): ShapeNode[][] {
  return groupsOf(trees).map(group =>
    group
      .map(node => ({
        line: onOneLine(lineOf(node.span)),
        attributes: chosenAttributes(node.span, keys),
        groups: shapesOf(node.children, keys),
      }))
      .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  )
}

/** Everything in a shape but the order of its children. */
export function keyOf({ line, attributes, groups }: ShapeNode): string {
  return JSON.stringify([line, attributes, groups.flat().map(keyOf).toSorted()])
}

function onOneLine(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .trim()
}

function chosenAttributes(
  { attributes }: ReadableSpan,
  keys: readonly ((key: string) => boolean)[],
): string[] {
  return Object.keys(attributes)
    .filter(key => keys.some(isChosen => isChosen(key)))
    .toSorted()
    .map(key => `${key}: ${showStable(key, attributes[key])}`)
}

/** Siblings that overlap in time are one group. They come in the order they started. */
function groupsOf(siblings: readonly SpanNode[]): SpanNode[][] {
  const groups: SpanNode[][] = []
  for (const node of siblings) {
    const group = groups.at(-1)
    if (!group || group.every(({ span }) => endedBefore(span, node.span))) groups.push([node])
    else group.push(node)
  }
  return groups
}
