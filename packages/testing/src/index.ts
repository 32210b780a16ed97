export {
  assertBudget,
  assertComplete,
  assertConventions,
  assertNoLostContext,
  assertNoRepeatedQueries,
  assertSpan,
  assertTrace,
} from './match/assertions.ts'
export type { BaselineOptions } from './baseline/verdict.ts'
export { canary, expectNoCanary } from './canary/canary.ts'
export type { Vocabulary } from './conventions/attributes.ts'
export {
  checkMetrics,
  checkSpans,
  type ConventionFault,
  type ConventionOptions,
} from './conventions/check.ts'
export type { ConventionSpan } from './conventions/span.ts'
export type { ExpectedSpan } from './match/expected-trace.ts'
export { type SpanMatchers, spanMatchers } from './match/matchers.ts'
export { printTrees } from './print/printer.ts'
export type { LinkShape, SpanKindName, SpanQuery, SpanShape } from './match/query.ts'
export {
  recordSpans,
  type RecordSpansOptions,
  type SpanRecorder,
  type WaitOptions,
} from './record/recorder.ts'
export { spanSerializer } from './print/serializer.ts'
export type { ConventionSource, SpanSource } from './record/source.ts'
export { type SpanNode, treesOf } from './print/tree.ts'
export type { TraceBudget } from './guard/budget.ts'
export type { LostContextOptions } from './guard/lost-context.ts'
export type { RepeatedQueryOptions } from './guard/repeated-queries.ts'
export type { Impact } from './score/rules.ts'
export { checkScore, type RuleResult, type Score } from './score/score.ts'
