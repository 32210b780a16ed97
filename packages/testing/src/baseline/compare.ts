import { keyOf, type ShapeNode } from './shape.ts'
import { writeShape } from './text.ts'

type Groups = readonly (readonly ShapeNode[])[]

interface Placed {
  readonly node: ShapeNode
  /** Position of its group, and its own, among its siblings. */
  readonly group: number
  readonly index: number
}

interface Pair {
  readonly expected: Placed
  readonly actual: Placed
}

/**
 * Compares recorded shapes with those of a baseline. Siblings that ran at once, now or when the baseline was written,
 * may be in any order.
 * @returns the tree with `-` before what is missing and `+` before what is new; undefined when they match
 */
export function differenceOf(expected: Groups, actual: Groups): string[] | undefined {
  const lines = compare(expected, actual, '')
  return lines.some(line => !line.startsWith(' ')) ? lines : undefined
}

function compare(expectedGroups: Groups, actualGroups: Groups, indent: string): string[] {
  const expected = place(expectedGroups)
  const actual = place(actualGroups)
  const pairs = inOrder(pairUp(expected, actual))
  const missing = expected.filter(item => !pairs.some(pair => pair.expected === item))
  const added = actual.filter(item => !pairs.some(pair => pair.actual === item))
  const takeUntil = (items: Placed[], index: number, sign: string): string[] => {
    const until = items.findIndex(item => item.index > index)
    const taken = items.splice(0, until < 0 ? items.length : until)
    return taken.flatMap(({ node }) => writeShape(node, indent).map(line => `${sign} ${line}`))
  }
  return [
    ...pairs.flatMap(pair => [
      ...takeUntil(missing, pair.expected.index, '-'),
      ...takeUntil(added, pair.actual.index, '+'),
      `  ${indent}${pair.actual.node.line}`,
      ...compareAttributes(pair, `${indent}    `),
      ...compare(pair.expected.node.groups, pair.actual.node.groups, `${indent}  `),
    ]),
    ...takeUntil(missing, Infinity, '-'),
    ...takeUntil(added, Infinity, '+'),
  ]
}

function place(groups: Groups): Placed[] {
  let index = 0
  return groups.flatMap((nodes, group) => nodes.map(node => ({ node, group, index: index++ })))
}

/** Equal shapes first, then those of the same line. */
function pairUp(expected: readonly Placed[], actual: readonly Placed[]): Pair[] {
  const pairs: Pair[] = []
  const left = new Set(actual)
  for (const identify of [keyOf, ({ line }: ShapeNode) => line]) {
    const candidates = new Map<string, Placed[]>()
    for (const item of left) {
      const key = identify(item.node)
      candidates.set(key, [...(candidates.get(key) ?? []), item])
    }
    for (const item of expected) {
      if (pairs.some(pair => pair.expected === item)) continue
      const partner = candidates.get(identify(item.node))?.shift()
      if (!partner) continue
      left.delete(partner)
      pairs.push({ expected: item, actual: partner })
    }
  }
  return pairs
}

/** The most pairs whose order is the same on both sides: the longest part in which the groups do not go back. */
function inOrder(pairs: readonly Pair[]): Pair[] {
  const sorted = pairs.toSorted(
    (a, b) =>
      a.actual.group - b.actual.group ||
      a.expected.group - b.expected.group ||
      a.expected.index - b.expected.index,
  )
  // best[length - 1]: where the part of that length with the lowest last group ends.
  const best: number[] = []
  const previous: (number | undefined)[] = []
  const groupAt = (index: number | undefined): number => sorted[index ?? -1]?.expected.group ?? -1
  for (const index of sorted.keys()) {
    const longer = best.findIndex(end => groupAt(end) > groupAt(index))
    const length = longer < 0 ? best.length : longer
    previous[index] = best[length - 1]
    best[length] = index
  }
  const kept: Pair[] = []
  for (let index = best.at(-1); index !== undefined; index = previous[index])
    kept.unshift(sorted[index] as Pair)
  return kept
}

function compareAttributes({ expected, actual }: Pair, indent: string): string[] {
  const missing = expected.node.attributes.filter(item => !actual.node.attributes.includes(item))
  const added = actual.node.attributes.filter(item => !expected.node.attributes.includes(item))
  return [...missing.map(item => `- ${indent}. ${item}`), ...added.map(item => `+ ${indent}. ${item}`)]
}
