import { AssertionError } from 'node:assert'

import type { ConventionOptions } from '../conventions/check.ts'
import type { ExpectedSpan } from './expected-trace.ts'
import type { SpanShape } from './query.ts'
import type { ConventionSource, SpanSource } from '../record/source.ts'
import { judgeCompleteness, judgeConventions, judgeSpan, judgeTrace, type Verdict } from './verdicts.ts'

/**
 * Asserts that a span with the given shape exists.
 * @throws AssertionError with the nearest span and its differences
 */
export function assertSpan(source: SpanSource, shape: SpanShape): void {
  demand(judgeSpan(source, shape), assertSpan)
}

/**
 * Asserts that the spans form exactly the given trace: indented text, or nested objects.
 * @throws AssertionError with the actual trace and the differences marked
 */
export function assertTrace(
  source: SpanSource,
  trace: string | ExpectedSpan | readonly ExpectedSpan[],
): void {
  demand(judgeTrace(source, trace), assertTrace)
}

/**
 * Asserts that each trace has one root, every parent is known, and no span is open.
 * @throws AssertionError with what is missing
 */
export function assertComplete(source: SpanSource): void {
  demand(judgeCompleteness(source), assertComplete)
}

/**
 * Asserts that spans, or metrics, follow the semantic conventions 1.45.0.
 * @throws AssertionError with every violation
 */
export function assertConventions(source: ConventionSource, options?: ConventionOptions): void {
  demand(judgeConventions(source, options), assertConventions)
}

function demand(verdict: Verdict, assertion: (...args: never[]) => void): void {
  if (!verdict.pass) throw new AssertionError({ message: verdict.message(), stackStartFn: assertion })
}
