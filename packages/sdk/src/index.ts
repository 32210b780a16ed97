export { B3Propagator } from './propagation/b3.ts'
export { ConsoleExporter, type ConsoleOptions } from './export/console/exporter.ts'
export type { Duration } from './start/duration.ts'
export type { ExporterChoice } from './export/exporters.ts'
export { JaegerPropagator } from './propagation/jaeger.ts'
export type { KeepOptions, KeepReason, LocalTraceCounts } from './record/tail/keep.ts'
export type { RuleKind, SpanMatch, ValueMatch } from './sampling/match.ts'
export type { MetricsChoice, OtlpMetricsOptions } from './metrics/export/readers.ts'
export type { MetricView } from './metrics/views.ts'
export type { BatchOptions, StartTracingOptions } from './start/options.ts'
export type { OtlpOptions, OtlpProtocol } from './export/otlp/options.ts'
export type { ExporterCount, SpanCounts } from './record/pipeline.ts'
export type { PrometheusOptions } from './metrics/export/prometheus.ts'
export type { PropagatorName } from './propagation/propagators.ts'
export { bearerTokens, cardNumbers, emailAddresses, type Redaction } from './record/redaction.ts'
export type { TracingReport } from './report/report.ts'
export type { DetectorName } from './start/resource/detectors.ts'
export { rules, type Sampling, type SamplingRule } from './sampling/rules.ts'
export {
  alwaysOff,
  alwaysOn,
  parentBased,
  perSecond,
  ratio,
  type RemoteParents,
} from './sampling/samplers.ts'
export { startTracing } from './start/start-tracing.ts'
export { TraceContextPropagator, type TraceContextOptions } from './propagation/trace-context.ts'
export { type PrintOptions, printTrace } from './export/console/printer.ts'
export {
  SPAN_KINDS,
  type SpanAddress,
  type SpanKindName,
  type TraceEvent,
  type TraceSpan,
} from './export/console/span.ts'
export { type SpanNode, type Trace, tracesOf } from './export/console/tree.ts'
export type { Tracing } from './start/tracing.ts'
