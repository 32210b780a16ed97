import type { Attributes } from '@opentelemetry/api'
import { aListOfStrings, aRecordOf, aString, aBoolean, type OptionRule } from '@spanwright/core/plugin'

import { wildcard } from '../sampling/match.ts'
import { AggregationType, InstrumentType } from './types.ts'

/** Changes how matching instruments are aggregated. */
export interface MetricView {
  /** Name of the instruments, in which `*` matches any text: `'http.server.*'`. */
  readonly instrument: string
  /**
   * Upper bounds of histogram buckets, in the unit of the instrument, in ascending order. Default: those of the
   * instrument.
   */
  readonly buckets?: readonly number[]
  /** Attributes to remove. Default: none. */
  readonly dropAttributes?: readonly string[]
  /** Whether to drop the instrument. Default: false. */
  readonly drop?: boolean
}

const someBuckets: OptionRule = {
  expected: 'an array of numbers, each above the one before',
  accepts: value =>
    Array.isArray(value) &&
    value.every(
      (bound, index) => Number.isFinite(bound) && (index === 0 || bound > (value[index - 1] as number)),
    ),
}

const aViewRecord = aRecordOf({
  instrument: aString,
  buckets: someBuckets,
  dropAttributes: aListOfStrings,
  drop: aBoolean,
})

/** The option `views`. */
export const someViews: OptionRule = {
  expected: `an array of views, each ${aViewRecord.expected}, of which instrument is needed`,
  accepts: value =>
    Array.isArray(value) &&
    value.every(view => aViewRecord.accepts(view) && (view as Partial<MetricView>).instrument !== undefined),
}

/** The first view that matches an instrument name, which is case-insensitive. */
export function viewOn(name: string, views: readonly MetricView[]): MetricView | undefined {
  return views.find(({ instrument }) => wildcard(instrument.toLowerCase())(name.toLowerCase()))
}

/** Attributes without those that a view removes. */
export function withoutDropped(attributes: Attributes, dropped: readonly string[]): Attributes {
  const kept: Attributes = {}
  for (const key in attributes) {
    const value = attributes[key]
    if (value !== undefined && !dropped.includes(key)) kept[key] = value
  }
  return kept
}

/** The views for instruments aggregated by OpenTelemetry's SDK. */
export function sdkViewsOf(views: readonly MetricView[]): object[] {
  return views.flatMap(({ instrument, buckets, dropAttributes, drop }): object[] => {
    if (drop) return [{ instrumentName: instrument, aggregation: { type: AggregationType.DROP } }]
    const kept = dropAttributes && {
      attributesProcessors: [
        { process: (attributes: Attributes) => withoutDropped(attributes, dropAttributes) },
      ],
    }
    if (!buckets) return kept ? [{ instrumentName: instrument, ...kept }] : []
    const boundaries = [...buckets]
    return Object.values(InstrumentType).flatMap((instrumentType): object[] => {
      if (instrumentType !== InstrumentType.HISTOGRAM) {
        return kept ? [{ instrumentName: instrument, instrumentType, ...kept }] : []
      }
      const aggregation = {
        type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
        options: { boundaries },
      } as const
      return [{ instrumentName: instrument, instrumentType, ...kept, aggregation }]
    })
  })
}
