import { type Attributes, type MeterProvider, metrics, type ObservableResult } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import {
  AggregationType,
  InstrumentType,
  MeterProvider as SdkMeterProvider,
} from '@opentelemetry/sdk-metrics'
import {
  ATTR_EXPORTER,
  ATTR_KEEP_DECISION,
  ATTR_KEEP_REASON,
  ATTR_SPAN_OUTCOME,
  METRIC_LOCAL_TRACES,
  METRIC_SPANS,
} from '@spanwright/core/semconv'

import type { SpanCounts } from '../record/pipeline.ts'
import type { Redactor } from '../record/redaction.ts'
import { VERSION } from '../version.ts'
import { Meters } from './meters.ts'
import type { NamedReader } from './readers.ts'
import { redactingMeters } from './redacting.ts'
import { type MetricView, sdkViewsOf } from './views.ts'

/** The parts that aggregate metrics until they are read. */
export interface MetricParts {
  /** The provider that creates instruments. */
  readonly meters: MeterProvider
  /** Flushes and shuts down the readers. */
  readonly sdk: SdkMeterProvider
  /** Whether the metrics of our own libraries are aggregated as series. */
  readonly keepsSeries: boolean
}

/**
 * Creates the metric providers: our own libraries' metrics are aggregated as series, all others by OpenTelemetry's SDK.
 * If a reader cannot receive series, or requests exponential histograms, the SDK aggregates all of them.
 * @param redactor removes attribute values that must not reach any reader
 */
export function makeMetrics(
  readers: readonly NamedReader[],
  views: readonly MetricView[],
  resource: Resource,
  redactor?: Redactor,
): MetricParts | undefined {
  if (readers.length === 0) return undefined
  const parts = makeParts(readers, views, resource)
  return redactor ? { ...parts, meters: redactingMeters(parts.meters, redactor) } : parts
}

function makeParts(
  readers: readonly NamedReader[],
  views: readonly MetricView[],
  resource: Resource,
): MetricParts {
  const sdk = new SdkMeterProvider({
    resource,
    views: sdkViewsOf(views),
    readers: readers.map(({ reader }) => reader),
  })
  const producers = readers.flatMap(({ producer, reader }) =>
    producer && !wantsExponential(reader) ? [producer] : [],
  )
  if (producers.length < readers.length) return { meters: sdk, sdk, keepsSeries: false }
  const meters = new Meters(sdk, views, type =>
    readers.map(({ reader }) => reader.selectAggregationTemporality(type)),
  )
  for (const [index, producer] of producers.entries()) producer.connect(meters, index)
  return { meters, sdk, keepsSeries: true }
}

function wantsExponential(reader: NamedReader['reader']): boolean {
  return reader.selectAggregation(InstrumentType.HISTOGRAM).type === AggregationType.EXPONENTIAL_HISTOGRAM
}

type Point = readonly [count: number, attributes: Attributes]

/**
 * Registers observable metrics of span outcomes and local trace decisions with a provider.
 * @returns a function that stops this
 */
export function observeSpans(
  counts: () => SpanCounts,
  provider: MeterProvider = metrics.getMeterProvider(),
): () => void {
  const meter = provider.getMeter('@spanwright/sdk', VERSION)
  const observed = [
    { metric: METRIC_SPANS, points: spanPoints },
    { metric: METRIC_LOCAL_TRACES, points: tracePoints },
  ].map(({ metric: { name, unit, description }, points }) => {
    const counter = meter.createObservableCounter(name, { unit, description })
    const observe = (result: ObservableResult): void => {
      for (const [count, attributes] of points(counts())) result.observe(count, attributes)
    }
    counter.addCallback(observe)
    return { counter, observe }
  })
  return () => {
    for (const { counter, observe } of observed) counter.removeCallback(observe)
  }
}

function spanPoints({ unsampled, sampledOut, exporters }: SpanCounts): Point[] {
  return [
    [unsampled, { [ATTR_SPAN_OUTCOME]: 'unsampled' }],
    [sampledOut, { [ATTR_SPAN_OUTCOME]: 'sampled_out' }],
    ...exporters.flatMap(
      ({ name, exported, dropped: { queueFull, notEncoded, failed, rejected, shutDown } }) =>
        Object.entries({
          exported,
          queue_full: queueFull,
          failed,
          // These are rare.
          ...(notEncoded > 0 && { not_encoded: notEncoded }),
          ...(rejected > 0 && { rejected }),
          shut_down: shutDown,
        }).map(([outcome, count]): Point => [count, { [ATTR_SPAN_OUTCOME]: outcome, [ATTR_EXPORTER]: name }]),
    ),
  ]
}

/** Empty without tail decisions. */
function tracePoints({ localTraces }: SpanCounts): Point[] {
  if (!localTraces) return []
  return [
    [localTraces.dropped, { [ATTR_KEEP_DECISION]: 'dropped' }],
    ...Object.entries(localTraces.kept).map(([reason, count]): Point => [
      count,
      { [ATTR_KEEP_DECISION]: 'kept', [ATTR_KEEP_REASON]: reason },
    ]),
  ]
}
