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

/** What keeps metrics until they are read. */
export interface MetricParts {
  /** Where instruments come from. */
  readonly meters: MeterProvider
  /** Flushes and ends the readers. */
  readonly sdk: SdkMeterProvider
  /** Whether the metrics of our own libraries are series. */
  readonly keepsSeries: boolean
}

/**
 * Makes what keeps metrics: those of our own libraries as series, all others in OpenTelemetry's SDK. Where a reader
 * cannot be given series, or wants exponential histograms, all of them are kept there.
 * @param redactor takes out of attributes what is not to reach any reader
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
 * Lets a provider read how many spans came to what, and how local traces were decided.
 * @returns ends that
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
    ...exporters.flatMap(({ name, exported, dropped: { queueFull, failed, rejected, shutDown } }) =>
      Object.entries({
        exported,
        queue_full: queueFull,
        failed,
        // Few endpoints ever do that.
        ...(rejected > 0 && { rejected }),
        shut_down: shutDown,
      }).map(([outcome, count]): Point => [count, { [ATTR_SPAN_OUTCOME]: outcome, [ATTR_EXPORTER]: name }]),
    ),
  ]
}

/** Nothing where no decision is made at the end. */
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
