import { channel } from 'node:diagnostics_channel'

import {
  AggregationTemporality,
  DataPointType,
  type Histogram,
  InstrumentType,
  type MetricData,
  MetricReader,
} from '@opentelemetry/sdk-metrics'

import { watchers } from './watch.ts'

/** Every metric that a recorder collects is published here with its scope, for checks over a whole test suite. */
const recordedMetrics = channel('spanwright.testing.metric')

type DataPoint = MetricData['dataPoints'][number]

/**
 * Stores the metrics of a test. Counters are collected as deltas and added up here, so that a reset starts from zero;
 * up-down counters are state and are kept.
 */
export class MetricStore extends MetricReader {
  private readonly kept: Map<string, MetricData> = new Map()

  constructor() {
    super({
      aggregationTemporalitySelector: type =>
        type === InstrumentType.UP_DOWN_COUNTER || type === InstrumentType.OBSERVABLE_UP_DOWN_COUNTER
          ? AggregationTemporality.CUMULATIVE
          : AggregationTemporality.DELTA,
    })
  }

  /** The current metrics. */
  async read(): Promise<MetricData[]> {
    const { resourceMetrics } = await this.collect()
    for (const { scope, metrics } of resourceMetrics.scopeMetrics) {
      for (const metric of metrics) {
        recordedMetrics.publish({ scope: scope.name, metric })
        for (const watcher of watchers) watcher.metric(scope.name, metric)
        this.add(`${scope.name} ${metric.descriptor.name}`, metric)
      }
    }
    return [...this.kept.values()]
  }

  /** Discards the counts so far. */
  async reset(): Promise<void> {
    await this.read()
    this.kept.clear()
  }

  protected override async onShutdown(): Promise<void> {}

  protected override async onForceFlush(): Promise<void> {}

  private add(key: string, metric: MetricData): void {
    const before = this.kept.get(key)
    const isDelta = metric.aggregationTemporality === AggregationTemporality.DELTA
    const dataPoints = before && isDelta ? mergePoints(before, metric) : metric.dataPoints
    if (dataPoints.length > 0) this.kept.set(key, { ...metric, dataPoints } as MetricData)
  }
}

function mergePoints(before: MetricData, delta: MetricData): DataPoint[] {
  const merged = new Map<string, DataPoint>(before.dataPoints.map(point => [attributeKey(point), point]))
  for (const point of delta.dataPoints as DataPoint[]) {
    const old = merged.get(attributeKey(point))
    merged.set(attributeKey(point), old ? mergePoint(delta.dataPointType, old, point) : point)
  }
  return [...merged.values()]
}

function mergePoint(type: DataPointType, old: DataPoint, delta: DataPoint): DataPoint {
  if (type === DataPointType.GAUGE) return delta
  const value =
    typeof old.value === 'number' && typeof delta.value === 'number'
      ? old.value + delta.value
      : mergeHistograms(old.value as Histogram, delta.value as Histogram)
  return { ...delta, startTime: old.startTime, value } as DataPoint
}

function mergeHistograms(old: Histogram, delta: Histogram): Histogram {
  const counts = old.buckets.counts.map((count, index) => count + (delta.buckets.counts[index] ?? 0))
  return {
    buckets: { boundaries: delta.buckets.boundaries, counts },
    count: old.count + delta.count,
    ...(old.sum !== undefined && delta.sum !== undefined && { sum: old.sum + delta.sum }),
    ...(old.min !== undefined && delta.min !== undefined && { min: Math.min(old.min, delta.min) }),
    ...(old.max !== undefined && delta.max !== undefined && { max: Math.max(old.max, delta.max) }),
  }
}

function attributeKey({ attributes }: DataPoint): string {
  return JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
