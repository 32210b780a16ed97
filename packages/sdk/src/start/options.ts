import type { Attributes, TextMapPropagator } from '@opentelemetry/api'
import {
  aBoolean,
  anObjectWith,
  anyOf,
  aRecordOf,
  aString,
  checkOptions,
  oneOf,
  type OptionRule,
  type OptionRules,
} from '@spanwright/core/plugin'

import { aDuration, type Duration } from './duration.ts'
import type { ExporterChoice } from '../export/exporters.ts'
import { type KeepOptions, someKeepOptions } from '../record/tail/keep.ts'
import { isPattern } from '../sampling/match.ts'
import { type MetricView, someViews } from '../metrics/views.ts'
import { isReader, type MetricsChoice } from '../metrics/readers.ts'
import { anOtlpExporter } from '../export/otlp/options.ts'
import { PROPAGATOR_NAMES, type PropagatorName } from '../propagation/propagators.ts'
import type { IdGenerator, Sampler, SpanLimits, SpanProcessor } from '../record/types.ts'
import type { Redaction } from '../record/redaction.ts'
import type { RemoteParents } from '../sampling/samplers.ts'
import { DETECTOR_NAMES, type DetectorName } from './resource/resource.ts'

/** How spans wait for being exported, for each exporter. */
export interface BatchOptions {
  /** The most spans that wait or are on their way; more are dropped and counted. Default: `OTEL_BSP_MAX_QUEUE_SIZE`, else 2048. */
  readonly maxQueueSize?: number
  /** The most spans in one request. Default: `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, else 512. */
  readonly maxBatchSize?: number
  /** The most bytes of spans that wait or are on their way. Default: 32 MiB. */
  readonly maxQueueBytes?: number
  /** The most bytes in one request, before compression. Default: 4 MiB, as much as a collector takes over gRPC. */
  readonly maxBatchBytes?: number
  /** How long spans wait for a batch to fill. Default: `OTEL_BSP_SCHEDULE_DELAY`, else 5 s. */
  readonly delay?: Duration
  /** How long an export may take. Default: `OTEL_BSP_EXPORT_TIMEOUT`, else 30 s. */
  readonly timeout?: Duration
  /** Time between two reports of dropped spans. Default: 60 s. */
  readonly reportInterval?: Duration
}

/** Options of {@link startTracing}. Each wins over the `OTEL_*` variable of its name. */
export interface StartTracingOptions {
  /** `service.name`. Default: `OTEL_SERVICE_NAME`, else the name in the nearest package.json. */
  readonly serviceName?: string
  /** `service.version`. Default: that of the nearest package.json. */
  readonly serviceVersion?: string
  /** `service.instance.id`. Default: a random UUID. */
  readonly serviceInstanceId?: string
  /** `deployment.environment.name`, such as 'production'. Default: not set. */
  readonly environment?: string
  /** Further attributes of the resource, besides `OTEL_RESOURCE_ATTRIBUTES`. */
  readonly resource?: Attributes
  /** What is found out about the place the process runs in. Default: nothing. */
  readonly detectors?: readonly DetectorName[]
  /** Where spans go. Default: `OTEL_TRACES_EXPORTER`, else 'otlp'. */
  readonly exporter?: ExporterChoice | readonly ExporterChoice[]
  /**
   * Whether there are metrics too, and where they go; `true`: as `OTEL_METRICS_EXPORTER` says, else over OTLP. Default:
   * `OTEL_METRICS_EXPORTER`, else over OTLP where `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` is set.
   */
  readonly metrics?: boolean | MetricsChoice | readonly MetricsChoice[]
  /** What is kept of metrics: other buckets, fewer attributes, fewer instruments. The first that matches counts. Default: all. */
  readonly views?: readonly MetricView[]
  /** How spans wait for being exported. */
  readonly batch?: BatchOptions
  /** Which traces are recorded. Default: `OTEL_TRACES_SAMPLER`, else all that the caller did not decide against. */
  readonly sampler?: Sampler
  /**
   * What counts of the decision that came with a trace from another process: `'follow'` takes it over, `'resample'` asks the
   * sampler as if the trace began here, so that nobody can pass its rules and limits by a header. Samplers that follow no
   * parent, such as `alwaysOn()`, are asked anyway. Default: 'follow'.
   */
  readonly remoteParents?: RemoteParents
  /** Which local traces are kept once they have ended. Default: all that were sampled. */
  readonly keep?: KeepOptions
  /** What is taken out of spans and of the resource before anything is exported. Default: nothing. */
  readonly redact?: readonly Redaction[]
  /** How traces travel between processes. Default: `OTEL_PROPAGATORS`, else tracecontext and baggage. */
  readonly propagators?: readonly (PropagatorName | TextMapPropagator)[]
  /** Makes the ids of traces and spans. Default: the SDK's random one. */
  readonly idGenerator?: IdGenerator
  /** Limits of one span. Defaults: `OTEL_SPAN_*_LIMIT`, else 128 of each, and texts of 4096 characters. */
  readonly spanLimits?: SpanLimits
  /** Entries of baggage that every span started beneath gets as attributes, such as `['tenant.id']`. Default: none. */
  readonly baggageAttributes?: readonly string[]
  /** Processors besides ours, called first. */
  readonly spanProcessors?: readonly SpanProcessor[]
  /** The longest that a flush holds up shutdown or the end of the process. Default: 5 s. */
  readonly flushTimeout?: Duration
  /** Whether spans are sent before the process ends by SIGTERM, SIGINT, an uncaught exception or by itself. Default: true. */
  readonly flushOnExit?: boolean
}

const anExporter: OptionRule = anyOf(
  oneOf('otlp', 'console', 'none'),
  anObjectWith('an exporter', 'export', 'shutdown'),
  anOtlpExporter(),
)

const aPort: OptionRule = {
  expected: 'a port from 1 to 65535',
  accepts: value => Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536,
}

const aPath: OptionRule = {
  expected: "a path such as '/metrics'",
  accepts: value => typeof value === 'string' && value.startsWith('/'),
}

/** `{ host, port }` alone would not say what they are for. */
const aPrometheusServer: OptionRule = {
  expected: "an object with protocol: 'prometheus', host, port, path",
  accepts: value =>
    aRecordOf({ protocol: oneOf('prometheus'), host: aString, port: aPort, path: aPath }).accepts(value) &&
    (value as { protocol?: unknown }).protocol === 'prometheus',
}

const someMetrics: OptionRule = anyOf(
  oneOf('otlp', 'prometheus', 'console', 'none'),
  { expected: 'a metric reader (an object with collect())', accepts: isReader },
  anOtlpExporter({ interval: aDuration }),
  aPrometheusServer,
)

const aCount: OptionRule = {
  expected: 'a whole number above 0',
  accepts: value => Number.isInteger(value) && (value as number) > 0,
}

const aSpanLimit: OptionRule = anyOf(aCount, {
  expected: '0 or Infinity',
  accepts: value => value === 0 || value === Infinity,
})

function aListOf(rule: OptionRule): OptionRule {
  return {
    expected: `a list of ${rule.expected}`,
    accepts: value => Array.isArray(value) && value.every(item => rule.accepts(item)),
  }
}

const RULES: OptionRules = {
  serviceName: aString,
  serviceVersion: aString,
  serviceInstanceId: aString,
  environment: aString,
  resource: { expected: 'an object of attributes', accepts: v => typeof v === 'object' && v !== null },
  detectors: aListOf(oneOf(...DETECTOR_NAMES)),
  exporter: anyOf(anExporter, aListOf(anExporter)),
  batch: aRecordOf({
    maxQueueSize: aCount,
    maxBatchSize: aCount,
    maxQueueBytes: aCount,
    maxBatchBytes: aCount,
    delay: aDuration,
    timeout: aDuration,
    reportInterval: aDuration,
  }),
  views: someViews,
  metrics: anyOf(aBoolean, someMetrics, aListOf(someMetrics)),
  sampler: anObjectWith('a sampler', 'shouldSample'),
  remoteParents: oneOf('follow', 'resample'),
  keep: someKeepOptions,
  redact: {
    expected: 'a list of keys, with * for any text, and RegExps',
    accepts: v => Array.isArray(v) && v.every(item => isPattern(item) || aString.accepts(item)),
  },
  propagators: aListOf(
    anyOf(oneOf(...PROPAGATOR_NAMES), anObjectWith('a propagator', 'inject', 'extract', 'fields')),
  ),
  idGenerator: anObjectWith('an id generator', 'generateTraceId', 'generateSpanId'),
  spanLimits: aRecordOf({
    attributeValueLengthLimit: aSpanLimit,
    attributeCountLimit: aSpanLimit,
    linkCountLimit: aSpanLimit,
    eventCountLimit: aSpanLimit,
    attributePerEventCountLimit: aSpanLimit,
    attributePerLinkCountLimit: aSpanLimit,
  }),
  baggageAttributes: aListOf(aString),
  spanProcessors: aListOf(anObjectWith('a span processor', 'onStart', 'onEnd', 'forceFlush', 'shutdown')),
  flushTimeout: aDuration,
  flushOnExit: aBoolean,
}

/**
 * Refuses options that {@link startTracing} does not know or cannot use.
 * @throws TypeError naming the option, what was given and what is expected
 */
export function checkStartOptions(options: unknown): void {
  checkOptions('startTracing()', options, RULES)
}
