export { assertComplete, assertConventions, assertSpan, assertTrace } from './assertions.ts'
export type { Vocabulary } from './conventions/attributes.ts'
export {
  checkMetrics,
  checkSpans,
  type ConventionFault,
  type ConventionOptions,
} from './conventions/check.ts'
export type { ConventionSpan } from './conventions/span.ts'
export type { ExpectedSpan } from './expected-trace.ts'
export { type SpanMatchers, spanMatchers } from './matchers.ts'
export { printTrees } from './printer.ts'
export type { LinkShape, SpanKindName, SpanQuery, SpanShape } from './query.ts'
export { recordSpans, type RecordSpansOptions, type SpanRecorder, type WaitOptions } from './recorder.ts'
export { spanSerializer } from './serializer.ts'
export type { ConventionSource, SpanSource } from './source.ts'
export { type SpanNode, treesOf } from './tree.ts'
