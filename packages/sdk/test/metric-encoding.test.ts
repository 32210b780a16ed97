import { expect, it } from '@jest/globals'
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api'
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import * as fc from 'fast-check'

import { jsonOf } from '../src/export/otlp/json.ts'
import { REQUESTS } from '../src/export/otlp/messages.ts'
import { encodeMetrics } from '../src/metrics/export/encoding.ts'
import { DataPointType, type MetricData, type ScopeMetrics } from '../src/metrics/types.ts'

const RESOURCE = resourceFromAttributes({ 'service.name': 'shop' })

const aCount = fc.oneof(fc.nat(), fc.maxSafeNat())
const aNumber = fc.oneof(fc.double(), fc.maxSafeInteger())
const aText = fc.string({ unit: 'grapheme', maxLength: 9 })
const aTime: fc.Arbitrary<HrTime> = fc.tuple(fc.nat({ max: 2 ** 31 }), fc.nat({ max: 999_999_999 }))
const someAttributes: fc.Arbitrary<Attributes> = fc.dictionary(
  aText.filter(key => key !== ''),
  fc.oneof(aText, aNumber, fc.boolean(), fc.array(aText, { maxLength: 3 })),
  { maxKeys: 4, noNullPrototype: true },
)

/** Points of SDK 2 without a minimum have no such property. */
function aPoint<Value extends object | number>(value: fc.Arbitrary<Value>) {
  return fc.record({ attributes: someAttributes, startTime: aTime, endTime: aTime, value })
}

const aHistogram = fc.record(
  {
    count: aCount,
    sum: aNumber,
    min: aNumber,
    max: aNumber,
    buckets: fc.nat({ max: 6 }).chain(size =>
      fc.record({
        boundaries: fc.array(fc.double({ noNaN: true }), { minLength: size, maxLength: size }),
        counts: fc.array(aCount, { minLength: size + 1, maxLength: size + 1 }),
      }),
    ),
  },
  { requiredKeys: ['count', 'buckets'], noNullPrototype: true },
)

const someBuckets = fc.record({
  offset: fc.integer({ min: -1000, max: 1000 }),
  bucketCounts: fc.array(aCount, { maxLength: 6 }),
})

const anExponential = fc.record(
  {
    count: aCount,
    sum: aNumber,
    scale: fc.integer({ min: -10, max: 20 }),
    zeroCount: aCount,
    positive: someBuckets,
    negative: someBuckets,
    min: aNumber,
    max: aNumber,
  },
  { requiredKeys: ['count', 'scale', 'zeroCount', 'positive', 'negative'], noNullPrototype: true },
)

function aMetric(type: number, point: fc.Arbitrary<unknown>, valueType: ValueType): fc.Arbitrary<MetricData> {
  return fc.record({
    descriptor: fc.record({
      name: aText,
      description: aText,
      unit: aText,
      valueType: fc.constant(valueType),
      // SDK 2 has one.
      type: fc.constant('HISTOGRAM'),
    }),
    aggregationTemporality: fc.constantFrom(0, 1),
    dataPointType: fc.constant(type),
    dataPoints: fc.array(point, { maxLength: 3 }),
    isMonotonic: fc.boolean(),
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<MetricData>
}

const someScopes: fc.Arbitrary<ScopeMetrics[]> = fc.array(
  fc.record({
    scope: fc.record({ name: aText, version: aText, schemaUrl: aText }),
    metrics: fc.array(
      fc.oneof(
        aMetric(DataPointType.GAUGE, aPoint(aNumber), ValueType.DOUBLE),
        aMetric(DataPointType.SUM, aPoint(fc.maxSafeInteger()), ValueType.INT),
        aMetric(DataPointType.HISTOGRAM, aPoint(aHistogram), ValueType.DOUBLE),
        aMetric(DataPointType.EXPONENTIAL_HISTOGRAM, aPoint(anExponential), ValueType.DOUBLE),
      ),
      { maxLength: 3 },
    ),
  }),
  { maxLength: 3 },
)

/** Empty values and 0 may be written or omitted, and attributes have no order. */
function comparable(bytes: Uint8Array): unknown {
  return JSON.parse(
    JSON.stringify(jsonOf(Buffer.from(bytes), REQUESTS.metrics), (key, value: unknown) =>
      key === 'droppedAttributesCount' || value === '' || (Array.isArray(value) && value.length === 0)
        ? undefined
        : Array.isArray(value) &&
            value.every(item => typeof item === 'object' && item !== null && 'key' in item)
          ? value.toSorted((one: { key: string }, other: { key: string }) => (one.key < other.key ? -1 : 1))
          : value,
    ),
  )
}

it('metrics are encoded in the same bytes as by OpenTelemetry', () => {
  fc.assert(
    fc.property(someScopes, scopeMetrics => {
      const theirs = ProtobufMetricsSerializer.serializeRequest({
        resource: RESOURCE,
        scopeMetrics,
      })
      expect(comparable(encodeMetrics(RESOURCE, scopeMetrics))).toEqual(
        comparable(theirs ?? new Uint8Array()),
      )
    }),
    { numRuns: 300 },
  )
})
