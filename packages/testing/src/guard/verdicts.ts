import { lineOf } from '../print/printer.ts'
import { printMarked } from '../print/marked.ts'
import { openSpansOf, spansOf } from '../record/source.ts'
import type { Verdict } from '../match/verdicts.ts'
import { excessesOf, type TraceBudget } from './budget.ts'
import { lostSpansOf, type LostContextOptions } from './lost-context.ts'
import { type RepeatedQueryOptions, repeatedQueriesOf } from './repeated-queries.ts'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** Whether the spans stay within a budget. */
export function judgeBudget(source: unknown, budget: TraceBudget): Verdict {
  const spans = spansOf(source)
  const excesses = excessesOf(spans, budget)
  return verdict(spans, excesses, {
    failed: 'expected to stay within the budget, but there are',
    passed: `expected to exceed the budget ${JSON.stringify(budget)}`,
  })
}

/** Whether no query runs again and again beneath one span. */
export function judgeRepeatedQueries(source: unknown, options?: RepeatedQueryOptions): Verdict {
  const spans = spansOf(source)
  const repeated = repeatedQueriesOf(spans, options)
  const faults = repeated.map(({ summary, spans: group }) => ({
    text: `${summary}, ${group.length} times beneath ${parentOf(spans, group[0] as ReadableSpan)}`,
    spans: group,
  }))
  return verdict(spans, faults, {
    failed: 'expected no repeated queries, but there are',
    passed: 'expected repeated queries',
  })
}

/** Whether every span is in the trace of the work it belongs to. */
export function judgeContext(source: unknown, options?: LostContextOptions): Verdict {
  const spans = spansOf(source)
  const lost = lostSpansOf(spans, openSpansOf(source), options)
  return verdict(
    spans,
    lost.map(({ span, text }) => ({ text, spans: [span] })),
    { failed: 'expected no lost context, but', passed: 'expected a lost context' },
  )
}

interface Fault {
  readonly text: string
  readonly spans: readonly ReadableSpan[]
}

function verdict(
  spans: readonly ReadableSpan[],
  faults: readonly Fault[],
  { failed, passed }: { failed: string; passed: string },
): Verdict {
  const marked = new Set(faults.flatMap(fault => fault.spans))
  const tree = (): string => (spans.length === 0 ? '  (nothing)' : printMarked(spans, marked))
  return {
    pass: faults.length === 0,
    message: () =>
      faults.length === 0
        ? `${passed}\n\nrecorded:\n${tree()}`
        : `${failed}\n${faults.map(({ text }) => `  ${text}`).join('\n')}\n\nrecorded:\n${tree()}`,
  }
}

function parentOf(spans: readonly ReadableSpan[], { parentSpanContext }: ReadableSpan): string {
  const parent = spans.find(span => span.spanContext().spanId === parentSpanContext?.spanId)
  return parent ? lineOf(parent) : 'no recorded span'
}
