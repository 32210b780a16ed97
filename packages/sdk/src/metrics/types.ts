import type { Attributes, HrTime, MeterProvider, ValueType } from '@opentelemetry/api'

import type { InstrumentationScope, SpanResource } from '../record/types.ts'

// The interfaces of metric readers and exporters of OpenTelemetry's SDK. They are declared here instead of imported,
// so that those of SDK 2 and SDK 3 both fit, and neither has to be installed.

/** Whether points are sums since the start, or since the last read. */
export const AggregationTemporality = { DELTA: 0, CUMULATIVE: 1 } as const
export type AggregationTemporality = (typeof AggregationTemporality)[keyof typeof AggregationTemporality]

export const AggregationType = {
  DEFAULT: 0,
  DROP: 1,
  EXPLICIT_BUCKET_HISTOGRAM: 4,
  EXPONENTIAL_HISTOGRAM: 5,
} as const

export const DataPointType = { HISTOGRAM: 0, EXPONENTIAL_HISTOGRAM: 1, GAUGE: 2, SUM: 3 } as const

export const InstrumentType = {
  COUNTER: 'COUNTER',
  GAUGE: 'GAUGE',
  HISTOGRAM: 'HISTOGRAM',
  UP_DOWN_COUNTER: 'UP_DOWN_COUNTER',
  OBSERVABLE_COUNTER: 'OBSERVABLE_COUNTER',
  OBSERVABLE_GAUGE: 'OBSERVABLE_GAUGE',
  OBSERVABLE_UP_DOWN_COUNTER: 'OBSERVABLE_UP_DOWN_COUNTER',
} as const
export type InstrumentType = keyof typeof InstrumentType

/** A measurement in one series. */
export interface DataPoint<Value> {
  readonly startTime: HrTime
  readonly endTime: HrTime
  readonly attributes: Attributes
  readonly value: Value
}

export interface Histogram {
  readonly buckets: { readonly boundaries: number[]; readonly counts: number[] }
  readonly sum?: number
  readonly count: number
  readonly min?: number
  readonly max?: number
}

export interface ExponentialBuckets {
  readonly offset: number
  readonly bucketCounts: number[]
}

export interface ExponentialHistogram {
  readonly count: number
  readonly sum?: number
  readonly scale: number
  readonly zeroCount: number
  readonly positive: ExponentialBuckets
  readonly negative: ExponentialBuckets
  readonly min?: number
  readonly max?: number
}

interface Described {
  readonly descriptor: {
    readonly name: string
    readonly description: string
    readonly unit: string
    readonly valueType: ValueType
  }
  readonly aggregationTemporality: AggregationTemporality
}

/** The measurements of one instrument. */
export type MetricData = Described &
  (
    | { readonly dataPointType: 0; readonly dataPoints: DataPoint<Histogram>[] }
    | { readonly dataPointType: 1; readonly dataPoints: DataPoint<ExponentialHistogram>[] }
    | { readonly dataPointType: 2; readonly dataPoints: DataPoint<number>[] }
    | { readonly dataPointType: 3; readonly dataPoints: DataPoint<number>[]; readonly isMonotonic: boolean }
  )

/** The measurements of one scope. */
export interface ScopeMetrics {
  readonly scope: InstrumentationScope
  readonly metrics: MetricData[]
}

export interface CollectionResult {
  readonly resourceMetrics: { readonly resource: SpanResource; readonly scopeMetrics: ScopeMetrics[] }
  readonly errors: unknown[]
}

/** Provides further measurements to a reader. */
export interface MetricProducer {
  collect(): Promise<CollectionResult>
}

/** Reads the measurements of a provider. */
export interface MetricReader {
  collect(options?: { readonly timeoutMillis?: number }): Promise<CollectionResult>
  selectAggregation(type: InstrumentType): { readonly type: number }
  selectAggregationTemporality(type: InstrumentType): number
  shutdown(options?: { readonly timeoutMillis?: number }): Promise<void>
  forceFlush(options?: { readonly timeoutMillis?: number }): Promise<void>
}

/** The provider of OpenTelemetry's SDK. */
export interface SdkMeterProvider extends MeterProvider {
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
}
