import { type BaselineOptions, judgeBaseline } from '../baseline/verdict.ts'
import { isBaselineName, type RunnerState } from '../baseline/file.ts'
import type { ConventionOptions } from '../conventions/check.ts'
import type { TraceBudget } from '../guard/budget.ts'
import type { LostContextOptions } from '../guard/lost-context.ts'
import type { RepeatedQueryOptions } from '../guard/repeated-queries.ts'
import { judgeBudget, judgeContext, judgeRepeatedQueries } from '../guard/verdicts.ts'
import type { ExpectedSpan } from './expected-trace.ts'
import type { SpanShape } from './query.ts'
import { withShareFile } from '../share/share-file.ts'
import { judgeCompleteness, judgeConventions, judgeSpan, judgeTrace, type Verdict } from './verdicts.ts'

/** The matchers of `expect(recorder)` in Jest and Vitest. */
export interface SpanMatchers<R = unknown> {
  /** A span with that shape exists. */
  toHaveSpan(shape: SpanShape): R
  /** The spans form exactly that trace: indented text, or nested objects. */
  toMatchTrace(trace: string | ExpectedSpan | readonly ExpectedSpan[]): R
  /**
   * The spans have the shape that the file keeps: a path ending with `.trace`, relative to the folder of the test, or a
   * URL. A missing file is written, unless the runner was told not to (`--ci`); `-u` writes it again.
   */
  toMatchTrace(baseline: string | URL, options?: BaselineOptions): R
  /** Each trace has one root, every parent is known, and no span is open. */
  toBeComplete(): R
  /** Names, types, values, kinds, units and boundaries follow the semantic conventions 1.45.0. */
  toFollowSemanticConventions(options?: ConventionOptions): R
  /** The spans are no more, and take no longer, than the budget allows. */
  toStayWithin(budget: TraceBudget): R
  /** No query with the same summary runs more than `atMost` times (default 2) beneath one span. */
  toHaveNoRepeatedQueries(options?: RepeatedQueryOptions): R
  /** No local parent is missing, and no client or producer span begins a trace while a request or message is handled. */
  toHaveNoLostContext(options?: LostContextOptions): R
}

/** What the runner passes as `this`. */
type MatcherState = RunnerState & { readonly isNot?: boolean | undefined }

type TraceMatcher = (
  this: MatcherState | void,
  received: unknown,
  trace: string | URL | ExpectedSpan | readonly ExpectedSpan[],
  options?: BaselineOptions,
) => Verdict

/** A matcher whose failures have a share file, where the recorder is to write one. */
function sharing<State, Args extends unknown[]>(
  judge: (this: State, received: unknown, ...args: Args) => Verdict,
): (this: State, received: unknown, ...args: Args) => Verdict {
  return function (received, ...args) {
    const verdict = judge.call(this, received, ...args)
    return { pass: verdict.pass, message: () => withShareFile(received, verdict.message()) }
  }
}

/** For `expect.extend`. The entry points `/jest` and `/vitest` do that. */
export const spanMatchers: {
  toHaveSpan(received: unknown, shape: SpanShape): Verdict
  toMatchTrace: TraceMatcher
  toBeComplete(received: unknown): Verdict
  toFollowSemanticConventions(received: unknown, options?: ConventionOptions): Verdict
  toStayWithin(received: unknown, budget: TraceBudget): Verdict
  toHaveNoRepeatedQueries(received: unknown, options?: RepeatedQueryOptions): Verdict
  toHaveNoLostContext(received: unknown, options?: LostContextOptions): Verdict
} = {
  toHaveSpan: sharing(judgeSpan),
  toMatchTrace: sharing(function (this: MatcherState | void, received, trace, options) {
    return isBaselineName(trace)
      ? judgeBaseline(received, trace, options, this ?? {})
      : judgeTrace(received, trace)
  } satisfies TraceMatcher),
  toBeComplete: sharing(judgeCompleteness),
  toFollowSemanticConventions: sharing(judgeConventions),
  toStayWithin: sharing(judgeBudget),
  toHaveNoRepeatedQueries: sharing(judgeRepeatedQueries),
  toHaveNoLostContext: sharing(judgeContext),
}
