export { assertComplete, assertConventions, assertSpan, assertTrace } from './match/assertions.ts'
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
