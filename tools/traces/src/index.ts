export { Caller, exceptionsOf } from './caller.ts'
export { gapsOf } from './gaps.ts'
export { stableLines } from './printed.ts'
export { readOtlp, type ReceivedSpan } from './otlp.ts'
export { type Receiver, type ReceiverOptions, startReceiver } from './receiver.ts'
export {
  type PrintOptions,
  printTrace,
  SPAN_KINDS,
  type SpanAddress,
  type SpanKindName,
  type SpanNode,
  type Trace,
  tracesOf,
  type TraceSpan,
} from '@spanwright/sdk'
