import type { Attributes, ContextManager, TextMapPropagator } from '@opentelemetry/api'
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
import { isReader, type MetricsChoice } from '../metrics/export/readers.ts'
import { anOtlpExporter } from '../export/otlp/options.ts'
import { PROPAGATOR_NAMES, type PropagatorName } from '../propagation/propagators.ts'
import type { IdGenerator, Sampler, SpanLimits, SpanProcessor } from '../record/types.ts'
import type { Redaction } from '../record/redaction.ts'
import type { RemoteParents } from '../sampling/samplers.ts'
import { DETECTOR_NAMES, type DetectorName } from './resource/detectors.ts'

/** Limits of the spans waiting for export, per exporter. */
export interface BatchOptions {
  /**
   * Maximum number of waiting and in-flight spans; more are dropped and counted. Default: `OTEL_BSP_MAX_QUEUE_SIZE`,
   * otherwise 2048.
   */
  readonly maxQueueSize?: number
  /** Maximum number of spans in one request. Default: `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, otherwise 512. */
  readonly maxBatchSize?: number
  /** Maximum bytes of waiting and in-flight spans. Default: 32 MiB. */
  readonly maxQueueBytes?: number
  /** Maximum bytes in one request, before compression. Default: 4 MiB, the gRPC limit of a collector. */
  readonly maxBatchBytes?: number
  /** How long spans wait for a batch to fill. Default: `OTEL_BSP_SCHEDULE_DELAY`, otherwise 5 s. */
  readonly delay?: Duration
  /** Timeout of an export. Default: `OTEL_BSP_EXPORT_TIMEOUT`, otherwise 30 s. */
  readonly timeout?: Duration
  /** Time between two reports of dropped spans. Default: 60 s. */
  readonly reportInterval?: Duration
}

/** Options of {@link startTracing}. Each takes precedence over the corresponding `OTEL_*` variable. */
export interface StartTracingOptions {
  /** `service.name`. Default: `OTEL_SERVICE_NAME`, otherwise the name in the nearest package.json. */
  readonly serviceName?: string
  /** `service.version`. Default: that of the nearest package.json. */
  readonly serviceVersion?: string
  /** `service.instance.id`. Default: a random UUID. */
  readonly serviceInstanceId?: string
  /** `deployment.environment.name`, such as 'production'. Default: not set. */
  readonly environment?: string
  /** Further resource attributes, in addition to `OTEL_RESOURCE_ATTRIBUTES`. Default: none. */
  readonly resource?: Attributes
  /** Resource detectors to run. Default: none. */
  readonly detectors?: readonly DetectorName[]
  /** Where spans are exported. Default: `OTEL_TRACES_EXPORTER`, otherwise 'otlp'. */
  readonly exporter?: ExporterChoice | readonly ExporterChoice[]
  /**
   * Whether and where metrics are exported; `true`: as set by `OTEL_METRICS_EXPORTER`, otherwise over OTLP. Default:
   * `OTEL_METRICS_EXPORTER`, otherwise over OTLP if `OTEL_EXPORTER_OTLP_ENDPOINT` or
   * `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` is set.
   */
  readonly metrics?: boolean | MetricsChoice | readonly MetricsChoice[]
  /** Changes to metrics: other buckets, fewer attributes, fewer instruments. The first match applies. Default: none. */
  readonly views?: readonly MetricView[]
  /** Limits of the spans waiting for export. Default: those of each limit. */
  readonly batch?: BatchOptions
  /** Which traces are recorded. Default: `OTEL_TRACES_SAMPLER`, otherwise all, unless the caller decided against it. */
  readonly sampler?: Sampler
  /**
   * How to treat the sampling decision of another process: `'follow'` adopts it, `'resample'` asks the sampler as if
   * the trace began here, so that its rules and limits cannot be bypassed with a header. Samplers that do not follow a
   * parent, such as `alwaysOn()`, are always asked. Default: 'follow'.
   */
  readonly remoteParents?: RemoteParents
  /** Which local traces are kept once they have ended. Default: all that were sampled. */
  readonly keep?: KeepOptions
  /** What is taken out of spans and of the resource before anything is exported. Default: nothing. */
  readonly redact?: readonly Redaction[]
  /** How contexts are propagated between processes. Default: `OTEL_PROPAGATORS`, otherwise tracecontext and baggage. */
  readonly propagators?: readonly (PropagatorName | TextMapPropagator)[]
  /** Tracks the active context, such as Sentry's. Default: one on `AsyncLocalStorage`. */
  readonly contextManager?: ContextManager
  /** Generates the ids of traces and spans. Default: random ids. */
  readonly idGenerator?: IdGenerator
  /** Limits of one span. Defaults: `OTEL_SPAN_*_LIMIT`, otherwise 128 of each, and strings of 4096 characters. */
  readonly spanLimits?: SpanLimits
  /** Baggage entries, such as `['tenant.id']`, to set as attributes on every span started with them. Default: none. */
  readonly baggageAttributes?: readonly string[]
  /** Additional span processors, called before export. Default: none. */
  readonly spanProcessors?: readonly SpanProcessor[]
  /** Longest time a flush may delay shutdown or process end. Default: 5 s. */
  readonly flushTimeout?: Duration
  /**
   * Whether spans are sent before the process ends by a signal, an uncaught exception or a normal exit. Default: true.
   */
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

/** Requires `protocol`, because `{ host, port }` alone would be ambiguous. */
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
    expected: `an array of ${rule.expected}`,
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
    expected: 'an array of keys, in which * matches any text, and RegExps',
    accepts: v => Array.isArray(v) && v.every(item => isPattern(item) || aString.accepts(item)),
  },
  propagators: aListOf(
    anyOf(oneOf(...PROPAGATOR_NAMES), anObjectWith('a propagator', 'inject', 'extract', 'fields')),
  ),
  contextManager: anObjectWith('a context manager', 'active', 'with', 'bind', 'enable', 'disable'),
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
 * Refuses unknown or invalid options of {@link startTracing}.
 * @throws TypeError that names the option, the given value and the expected one
 */
export function checkStartOptions(options: unknown): void {
  checkOptions('startTracing()', options, RULES)
}
