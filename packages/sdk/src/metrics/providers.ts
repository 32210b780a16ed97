import { type Attributes, diag, type MeterProvider, metrics, type ObservableResult } from '@opentelemetry/api'
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
import type { ProcessResource } from '../start/resource/process-resource.ts'
import { VERSION } from '../version.ts'
import { AppInstruments } from './app-instruments.ts'
import { Meters } from './meters.ts'
import { PeriodicReader } from './export/periodic.ts'
import type { NamedReader } from './export/readers.ts'
import { redactingMeters } from './redacting.ts'
import { now } from './storage.ts'
import type { AggregationTemporality, MetricReader } from './types.ts'
import type { MetricView } from './views.ts'

/** The parts that aggregate metrics until they are read. */
export interface MetricParts {
  /** The provider that creates instruments. */
  readonly meters: MeterProvider
  /** Whether the metrics of our own libraries are aggregated as series. */
  readonly keepsSeries: boolean
  /** Sends what was measured until now. */
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}

/**
 * Creates the metric providers: our own libraries' metrics are aggregated as series, all others by OpenTelemetry's SDK.
 * If a reader cannot receive series, or requests exponential histograms, the SDK aggregates all of them.
 * @param redactor removes attribute values that must not reach any reader
 * @throws TypeError when a reader needs OpenTelemetry's SDK, and it is not installed
 */
export function makeMetrics(
  readers: readonly NamedReader[],
  views: readonly MetricView[],
  resource: ProcessResource,
  redactor?: Redactor,
): MetricParts | undefined {
  if (readers.length === 0) return undefined
  const app = new AppInstruments(
    resource,
    views,
    readers.map(({ reader }) => reader),
  )
  const keepsSeries = !needsSdkForAll(readers, app)
  const series = keepsSeries ? makeSeries(readers, views, app) : undefined
  const periodic: PeriodicReader[] = []
  for (const [index, { reader }] of readers.entries()) {
    if (!(reader instanceof PeriodicReader)) continue
    periodic.push(reader)
    reader.start(resource, async () => [
      ...(series?.collect(index, now()) ?? []),
      ...(await app.collect(index)),
    ])
  }
  const meters = series ?? app
  return {
    meters: redactor ? redactingMeters(meters, redactor) : meters,
    keepsSeries,
    async forceFlush() {
      await Promise.all([...periodic.map(reader => reader.forceFlush()), app.forceFlush()])
    },
    async shutdown() {
      await Promise.all(periodic.map(reader => reader.shutdown()))
      await app.shutdown()
    },
  }
}

/** Loads the SDK where a reader needs it, now that a missing package can still be said. */
function needsSdkForAll(readers: readonly NamedReader[], app: AppInstruments): boolean {
  let isNeeded = false
  for (const { name, reader, producer, path } of readers) {
    if (reader instanceof PeriodicReader) {
      if (reader.sink.isExponential) isNeeded = isLoadable(app) || isNeeded
    } else {
      app.load(`the metric reader ${name}`, path)
      isNeeded ||= producer === undefined
    }
  }
  return isNeeded
}

/** A variable that cannot be followed must not prevent the app from starting. */
function isLoadable(app: AppInstruments): boolean {
  try {
    app.load('exponential histograms')
    return true
  } catch (error) {
    diag.warn(`spanwright: ${(error as Error).message}; explicit buckets are used instead`)
    return false
  }
}

function makeSeries(
  readers: readonly NamedReader[],
  views: readonly MetricView[],
  app: AppInstruments,
): Meters {
  const meters = new Meters(app, views, type =>
    readers.map(
      ({ reader }) => selectorOf(reader).selectAggregationTemporality(type) as AggregationTemporality,
    ),
  )
  for (const [index, { producer }] of readers.entries()) producer?.connect(meters, index)
  return meters
}

function selectorOf(reader: NamedReader['reader']): Pick<MetricReader, 'selectAggregationTemporality'> {
  return reader instanceof PeriodicReader ? reader.sink : reader
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
