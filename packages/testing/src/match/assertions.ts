import { AssertionError } from 'node:assert'

import { type BaselineOptions, judgeBaseline } from '../baseline/verdict.ts'
import { isBaselineName } from '../baseline/file.ts'
import type { TraceBudget } from '../guard/budget.ts'
import type { LostContextOptions } from '../guard/lost-context.ts'
import type { RepeatedQueryOptions } from '../guard/repeated-queries.ts'
import { judgeBudget, judgeContext, judgeRepeatedQueries } from '../guard/verdicts.ts'
import type { ConventionOptions } from '../conventions/check.ts'
import type { ExpectedSpan } from './expected-trace.ts'
import type { SpanShape } from './query.ts'
import type { ConventionSource, SpanSource } from '../record/source.ts'
import { withShareFile } from '../share/share-file.ts'
import { judgeCompleteness, judgeConventions, judgeSpan, judgeTrace, type Verdict } from './verdicts.ts'

/**
 * Asserts that a span with the given shape exists.
 * @throws AssertionError with the nearest span and its differences
 */
export function assertSpan(source: SpanSource, shape: SpanShape): void {
  demand(source, judgeSpan(source, shape), assertSpan)
}

/**
 * Asserts that the spans form exactly the given trace: indented text, or nested objects.
 * @throws AssertionError with the actual trace and the differences marked
 */
export function assertTrace(source: SpanSource, trace: string | ExpectedSpan | readonly ExpectedSpan[]): void
/**
 * Asserts that the spans have the shape that a file keeps: an absolute path ending with `.trace`, or a URL such as
 * `new URL('orders.trace', import.meta.url)`. A missing file is written unless the variable `CI` is set;
 * `--test-update-snapshots` (Node 22.3 and newer) or the variable `SPANWRIGHT_UPDATE_TRACES=1` writes it again.
 * @throws AssertionError with the actual trace and the differences marked
 * @throws TypeError when the path is relative
 */
export function assertTrace(source: SpanSource, baseline: string | URL, options?: BaselineOptions): void
export function assertTrace(
  source: SpanSource,
  trace: string | URL | ExpectedSpan | readonly ExpectedSpan[],
  options?: BaselineOptions,
): void {
  const verdict = isBaselineName(trace) ? judgeBaseline(source, trace, options) : judgeTrace(source, trace)
  demand(source, verdict, assertTrace)
}

/**
 * Asserts that each trace has one root, every parent is known, and no span is open.
 * @throws AssertionError with what is missing
 */
export function assertComplete(source: SpanSource): void {
  demand(source, judgeCompleteness(source), assertComplete)
}

/**
 * Asserts that spans, or metrics, follow the semantic conventions 1.45.0.
 * @throws AssertionError with every violation
 */
export function assertConventions(source: ConventionSource, options?: ConventionOptions): void {
  demand(source, judgeConventions(source, options), assertConventions)
}

/**
 * Asserts that the spans stay within a budget.
 * @throws AssertionError with what exceeds it and the trace
 */
export function assertBudget(source: SpanSource, budget: TraceBudget): void {
  demand(source, judgeBudget(source, budget), assertBudget)
}

/**
 * Asserts that no query with the same summary runs more than `atMost` times beneath one span.
 * @throws AssertionError with the queries and the trace
 */
export function assertNoRepeatedQueries(source: SpanSource, options?: RepeatedQueryOptions): void {
  demand(source, judgeRepeatedQueries(source, options), assertNoRepeatedQueries)
}

/**
 * Asserts that no local parent is missing, and that no client or producer span begins a trace while a request or
 * message is handled.
 * @throws AssertionError with the lost spans and the trace
 */
export function assertNoLostContext(source: SpanSource, options?: LostContextOptions): void {
  demand(source, judgeContext(source, options), assertNoLostContext)
}

function demand(source: unknown, verdict: Verdict, assertion: (...args: never[]) => void): void {
  if (verdict.pass) return
  throw new AssertionError({ message: withShareFile(source, verdict.message()), stackStartFn: assertion })
}
