import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

import type { ExpectedNode } from './expected-trace.ts'
import { lineOf, printTrees } from '../print/printer.ts'
import { differencesOf } from './query.ts'
import type { SpanNode } from '../print/tree.ts'

/** Whether trees match the expectation. Siblings may be in any order, because concurrent spans start in any order. */
export function treesMatch(actual: readonly SpanNode[], expected: readonly ExpectedNode[]): boolean {
  return (
    actual.length === expected.length &&
    pairUp(expected, actual, nodeMatches).every(pair => pair !== undefined)
  )
}

/** The actual trees, with missing spans marked by `-` and unexpected ones by `+`. */
export function printDifference(
  actual: readonly SpanNode[],
  expected: readonly ExpectedNode[],
  indent = '',
): string[] {
  const whole = pairUp(expected, actual, nodeMatches)
  const left = (taken: readonly (SpanNode | undefined)[]): SpanNode[] =>
    actual.filter(node => !taken.includes(node))
  const alike = pairUp(
    expected.map((node, index) => (whole[index] ? undefined : node)),
    left(whole),
    (node, other) => node !== undefined && spanMatches(node, other.span),
  )
  const pairs = expected.map((node, index) => ({ node, actual: whole[index] ?? alike[index] }))
  const lines = actual.flatMap(node => {
    const pair = pairs.find(item => item.actual === node)
    if (!pair)
      return printTrees([node], indent)
        .split('\n')
        .map(line => `+ ${line}`)
    return [
      `  ${indent}${lineOf(node.span)}`,
      ...printDifference(node.children, pair.node.children, `${indent}  `),
    ]
  })
  const missing = pairs.filter(pair => !pair.actual).flatMap(({ node }) => printMissing(node, indent, actual))
  return [...lines, ...missing]
}

function printMissing(node: ExpectedNode, indent: string, candidates: readonly SpanNode[]): string[] {
  const namesake = candidates.find(({ span }) => span.name === node.shape.name)
  const why = namesake ? differencesOf(namesake.span, node.shape).map(line => `    ${indent}  ${line}`) : []
  return [
    `- ${indent}${node.line}`,
    ...why,
    ...node.children.flatMap(child => printMissing(child, `${indent}  `, [])),
  ]
}

function nodeMatches(expected: ExpectedNode, { span, children }: SpanNode): boolean {
  return spanMatches(expected, span) && treesMatch(children, expected.children)
}

function spanMatches({ shape, failed }: ExpectedNode, span: ReadableSpan): boolean {
  if (failed !== undefined && failed !== (span.status.code === SpanStatusCode.ERROR)) return false
  return differencesOf(span, shape).length === 0
}

/**
 * Pairs each expected item with a different actual one, as many as possible. Taking the first match would let a loose
 * expectation take the partner of a strict one, so existing pairs are rearranged (Kuhn's algorithm).
 */
function pairUp<Expected, Actual>(
  expected: readonly Expected[],
  actual: readonly Actual[],
  fits: (expected: Expected, actual: Actual) => boolean,
): (Actual | undefined)[] {
  const owners = new Map<Actual, number>()
  const claim = (index: number, asked: Set<Actual>): boolean =>
    actual.some(candidate => {
      if (asked.has(candidate) || !fits(expected[index] as Expected, candidate)) return false
      asked.add(candidate)
      const owner = owners.get(candidate)
      if (owner !== undefined && !claim(owner, asked)) return false
      owners.set(candidate, index)
      return true
    })
  for (const index of expected.keys()) claim(index, new Set())
  return expected.map((_, index) => actual.find(candidate => owners.get(candidate) === index))
}
