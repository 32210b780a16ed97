export { recordSpans, type RecordSpansOptions, type SpanRecorder } from './recorder.ts'
export { type SpanNode, treesOf } from './tree.ts'
