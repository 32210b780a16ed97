import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'

import { writeAttribute } from '../../record/otlp/attributes.ts'
import { resourceField, scopeField } from '../../record/otlp/envelope.ts'
import { Writer } from '../../record/otlp/writer.ts'
import type { SpanResource } from '../../record/types.ts'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type ExponentialBuckets,
  type ExponentialHistogram,
  type Histogram,
  type MetricData,
  type ScopeMetrics,
} from '../types.ts'

// Tags of opentelemetry/proto/metrics/v1/metrics.proto: number of the field and kind of its value. Numbers of 64 bits
// and floating point have kind 1, messages and strings kind 2, others kind 0.
const RESOURCE_METRICS = 0x0a
const SCOPE_METRICS = 0x12
const METRIC = 0x12
const NAME = 0x0a
const DESCRIPTION = 0x12
const UNIT = 0x1a
const DATA = {
  [DataPointType.GAUGE]: 0x2a,
  [DataPointType.SUM]: 0x3a,
  [DataPointType.HISTOGRAM]: 0x4a,
  [DataPointType.EXPONENTIAL_HISTOGRAM]: 0x52,
} as const
const POINT = 0x0a
const TEMPORALITY = 0x10
const IS_MONOTONIC = 0x18
// Of every kind of point.
const START_TIME = 0x11
const TIME = 0x19
// Of numbers.
const AS_DOUBLE = 0x21
const AS_INT = 0x31
const NUMBER_ATTRIBUTES = 0x3a
// Of histograms.
const COUNT = 0x21
const SUM = 0x29
const BUCKET_COUNTS = 0x32
const BOUNDS = 0x3a
const HISTOGRAM_ATTRIBUTES = 0x4a
const MIN = 0x59
const MAX = 0x61
// Of exponential histograms.
const EXPONENTIAL_ATTRIBUTES = 0x0a
const SCALE = 0x30
const ZERO_COUNT = 0x39
const POSITIVE = 0x42
const NEGATIVE = 0x4a
const EXPONENTIAL_MIN = 0x61
const EXPONENTIAL_MAX = 0x69
const OFFSET = 0x08
const EXPONENTIAL_COUNTS = 0x12

const NS_PER_SECOND = 1e9

/** Encodes metrics as OTLP's `ExportMetricsServiceRequest`. */
export function encodeMetrics(resource: SpanResource, scopes: readonly ScopeMetrics[]): Uint8Array {
  const writer = new Writer()
  writer.begin()
  const opened = writer.open(RESOURCE_METRICS)
  writeRaw(writer, resourceField(resource))
  for (const { scope, metrics } of scopes) {
    const openedScope = writer.open(SCOPE_METRICS)
    // Its last field has the same number for spans and for metrics.
    writeRaw(writer, scopeField(scope))
    for (const metric of metrics) writeMetric(writer, metric)
    writer.close(openedScope)
  }
  writer.close(opened)
  return writer.written(writer.start)
}

function writeRaw(writer: Writer, bytes: Uint8Array): void {
  writer.reserve(bytes.length)
  writer.raw(bytes)
}

function writeMetric(writer: Writer, metric: MetricData): void {
  const { name, description, unit } = metric.descriptor
  const opened = writer.open(METRIC)
  writer.string(NAME, name)
  writer.string(DESCRIPTION, description)
  writer.string(UNIT, unit)
  const openedData = writer.open(DATA[metric.dataPointType])
  writePoints(writer, metric)
  if (metric.dataPointType !== DataPointType.GAUGE) {
    writer.count(TEMPORALITY, metric.aggregationTemporality === AggregationTemporality.DELTA ? 1 : 2)
  }
  if (metric.dataPointType === DataPointType.SUM && metric.isMonotonic) writer.count(IS_MONOTONIC, 1)
  writer.close(openedData)
  writer.close(opened)
}

function writePoints(writer: Writer, metric: MetricData): void {
  if (metric.dataPointType === DataPointType.HISTOGRAM) {
    for (const point of metric.dataPoints) writePoint(writer, point, HISTOGRAM_ATTRIBUTES, writeHistogram)
  } else if (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) {
    for (const point of metric.dataPoints) writePoint(writer, point, EXPONENTIAL_ATTRIBUTES, writeExponential)
  } else {
    const writeNumber = metric.descriptor.valueType === ValueType.INT ? writeInteger : writeDouble
    for (const point of metric.dataPoints) writePoint(writer, point, NUMBER_ATTRIBUTES, writeNumber)
  }
}

function writePoint<Value>(
  writer: Writer,
  { attributes, startTime, endTime, value }: DataPoint<Value>,
  attributesTag: number,
  writeValue: (writer: Writer, value: Value) => void,
): void {
  const opened = writer.open(POINT)
  writer.reserve(18)
  writeTime(writer, START_TIME, startTime)
  writeTime(writer, TIME, endTime)
  writeValue(writer, value)
  writeAttributes(writer, attributesTag, attributes)
  writer.close(opened)
}

function writeTime(writer: Writer, tag: number, [seconds, nanoseconds]: HrTime): void {
  writer.time(tag, seconds, NS_PER_SECOND, nanoseconds)
}

function writeAttributes(writer: Writer, tag: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) writeAttribute(writer, tag, key, value)
  }
}

function writeInteger(writer: Writer, value: number): void {
  writeFixed64(writer, AS_INT, value)
}

function writeDouble(writer: Writer, value: number): void {
  writeFloat(writer, AS_DOUBLE, value)
}

function writeHistogram(writer: Writer, { count, sum, buckets, min, max }: Histogram): void {
  writeFixed64(writer, COUNT, count)
  writeFloat(writer, SUM, sum)
  const { counts, boundaries } = buckets
  writer.reserve(16 + 8 * (counts.length + boundaries.length))
  writer.bytes[writer.position++] = BUCKET_COUNTS
  writer.varint(8 * counts.length)
  for (const bucket of counts) writer.fixed64(bucket)
  writer.bytes[writer.position++] = BOUNDS
  writer.varint(8 * boundaries.length)
  for (const bound of boundaries) writer.double(bound)
  writeFloat(writer, MIN, min)
  writeFloat(writer, MAX, max)
}

function writeExponential(writer: Writer, value: ExponentialHistogram): void {
  writeFixed64(writer, COUNT, value.count)
  writeFloat(writer, SUM, value.sum)
  writer.count(SCALE, zigzag(value.scale))
  writeFixed64(writer, ZERO_COUNT, value.zeroCount)
  writeBuckets(writer, POSITIVE, value.positive)
  writeBuckets(writer, NEGATIVE, value.negative)
  writeFloat(writer, EXPONENTIAL_MIN, value.min)
  writeFloat(writer, EXPONENTIAL_MAX, value.max)
}

function writeBuckets(writer: Writer, tag: number, { offset, bucketCounts }: ExponentialBuckets): void {
  const opened = writer.open(tag)
  writer.count(OFFSET, zigzag(offset))
  const openedCounts = writer.open(EXPONENTIAL_COUNTS)
  // At most ten bytes each.
  writer.reserve(10 * bucketCounts.length)
  for (const count of bucketCounts) writer.int64(count)
  writer.close(openedCounts)
  writer.close(opened)
}

function writeFloat(writer: Writer, tag: number, value: number | undefined): void {
  if (value === undefined) return
  writer.reserve(9)
  writer.bytes[writer.position++] = tag
  writer.double(value)
}

function writeFixed64(writer: Writer, tag: number, value: number): void {
  writer.reserve(9)
  writer.bytes[writer.position++] = tag
  writer.fixed64(value)
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}
