import { gapsOf } from './completeness.ts'
import { checkMetrics, checkSpans, type ConventionOptions } from '../conventions/check.ts'
import { type ExpectedSpan, readExpectedTrace } from './expected-trace.ts'
import { indentLines, lineOf, printTrees } from '../print/printer.ts'
import { differencesOf, type SpanShape } from './query.ts'
import { isMetrics, openSpansOf, spansOf } from '../record/source.ts'
import { printDifference, treesMatch } from './trace.ts'
import { treesOf } from '../print/tree.ts'
import { showValue } from './value.ts'

/** The result of checking spans, from which matchers and assertions are built. */
export interface Verdict {
  readonly pass: boolean
  /** Reason of the failure; for a passed verdict, the reason why the negated check fails. */
  message(): string
}

/** Whether a span has the given shape. */
export function judgeSpan(source: unknown, shape: SpanShape): Verdict {
  const spans = spansOf(source)
  const distances = spans.map(span => ({ span, differences: differencesOf(span, shape) }))
  const found = distances.find(({ differences }) => differences.length === 0)
  if (found) {
    return {
      pass: true,
      message: () => `expected no span like ${show(shape)}, but there is ${lineOf(found.span)}`,
    }
  }
  return {
    pass: false,
    message() {
      const [nearest] = distances.toSorted((a, b) => distanceOf(a.differences) - distanceOf(b.differences))
      const near =
        nearest && `nearest is ${lineOf(nearest.span)}:\n${indentLines(nearest.differences.join('\n'))}`
      return [`expected a span like ${show(shape)}`, near ?? 'no span was recorded', recorded(source)].join(
        '\n\n',
      )
    },
  }
}

/** A span of the same name is nearer than a span that shares more of the rest. */
function distanceOf(differences: readonly string[]): number {
  return differences.length + (differences[0]?.startsWith('name:') ? 100 : 0)
}

/** Whether the spans form the expected trace. */
export function judgeTrace(
  source: unknown,
  expected: string | ExpectedSpan | readonly ExpectedSpan[],
): Verdict {
  const trees = treesOf(spansOf(source))
  const nodes = readExpectedTrace(expected)
  const pass = treesMatch(trees, nodes)
  return {
    pass,
    message: () =>
      pass
        ? `expected another trace than\n\n${indentLines(printTrees(trees))}`
        : `expected trace and real one differ (- missing, + not expected):\n\n${printDifference(trees, nodes).join('\n')}`,
  }
}

/** Whether the spans are complete traces. */
export function judgeCompleteness(source: unknown): Verdict {
  const gaps = gapsOf(spansOf(source), openSpansOf(source))
  return {
    pass: gaps.length === 0,
    message: () =>
      gaps.length === 0
        ? `expected the trace to be incomplete\n\n${recorded(source)}`
        : `expected complete traces, but\n${indentLines(gaps.join('\n'))}\n\n${recorded(source)}`,
  }
}

/** Whether spans, or metrics, follow the semantic conventions. */
export function judgeConventions(source: unknown, options: ConventionOptions = {}): Verdict {
  const faults = isMetrics(source) ? checkMetrics(source, options) : checkSpans(spansOf(source), options)
  const lines = faults.map(({ subject, fault }) => `${subject}: ${fault}`)
  return {
    pass: faults.length === 0,
    message: () =>
      faults.length === 0
        ? 'expected to find something that the semantic conventions do not allow'
        : `expected to follow the semantic conventions, but\n${indentLines(lines.join('\n'))}`,
  }
}

function recorded(source: unknown): string {
  const trees = treesOf(spansOf(source))
  return `recorded:\n${indentLines(trees.length > 0 ? printTrees(trees) : '(nothing)')}`
}

function show(shape: SpanShape): string {
  const entries = Object.entries(shape).map(([key, value]) => `${key}: ${showShapeValue(value)}`)
  return `{ ${entries.join(', ')} }`
}

function showShapeValue(value: unknown): string {
  if (typeof value !== 'object' || value === null || value instanceof RegExp || Array.isArray(value))
    return showValue(value)
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${showValue(item)}`)
  return `{ ${entries.join(', ')} }`
}
