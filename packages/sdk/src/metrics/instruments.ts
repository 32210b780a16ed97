import {
  type Attributes,
  type Counter,
  type Histogram,
  type HrTime,
  type MetricOptions,
  type Observable,
  type ObservableCallback,
  type ObservableResult,
  type UpDownCounter,
  ValueType,
} from '@opentelemetry/api'
import { isThenable, reportFailure } from '@spanwright/core/plugin'

import { HistogramStorage, ObservedStorage, SumStorage } from './storage.ts'
import { AggregationTemporality, DataPointType, InstrumentType, type MetricData } from './types.ts'
import { type MetricView, withoutDropped } from './views.ts'

/** Same as in the SDK for histograms without advice. */
const DEFAULT_BOUNDARIES = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000]
/** For durations in seconds without advice, such as those of pools. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

const NONE: Attributes = {}

/** The temporality each reader requests for a type of instrument, in the order of the readers. */
export type Temporalities = (type: InstrumentType) => readonly AggregationTemporality[]

/** The parts of an instrument. */
export interface InstrumentParts {
  readonly name: string
  readonly options: MetricOptions
  readonly view: MetricView | undefined
  readonly temporalities: Temporalities
}

/** One of our instruments, as read by readers. */
export interface Collected {
  /** The measurements for the reader with the given number; undefined when there are none. */
  collect(reader: number, end: HrTime): MetricData | undefined
}

/** The common part of all instruments: their description, and which attributes they keep. */
class Described {
  protected readonly parts: InstrumentParts
  protected readonly temporalities: readonly AggregationTemporality[]
  private readonly dropped: readonly string[] | undefined

  constructor(type: InstrumentType, parts: InstrumentParts) {
    this.parts = parts
    this.temporalities = parts.temporalities(type)
    this.dropped = parts.view?.dropAttributes
  }

  protected kept(attributes: Attributes): Attributes {
    return this.dropped ? withoutDropped(attributes, this.dropped) : attributes
  }

  protected describe(
    reader: number,
    isWhole: boolean,
  ): Pick<MetricData, 'descriptor' | 'aggregationTemporality'> {
    const { name, options } = this.parts
    const valueType = isWhole ? ValueType.INT : ValueType.DOUBLE
    const { description = '', unit = '' } = options
    return {
      descriptor: { name, description, unit, valueType },
      aggregationTemporality: this.temporalities[reader] ?? AggregationTemporality.CUMULATIVE,
    }
  }
}

export class SeriesHistogram extends Described implements Histogram, Collected {
  private readonly storages: readonly HistogramStorage[]

  constructor(parts: InstrumentParts) {
    super(InstrumentType.HISTOGRAM, parts)
    const { view, options } = parts
    const boundaries =
      view?.buckets ??
      options.advice?.explicitBucketBoundaries ??
      (options.unit === 's' ? SECONDS : DEFAULT_BOUNDARIES)
    this.storages = this.temporalities.map(temporality => new HistogramStorage(temporality, boundaries))
  }

  record(value: number, attributes: Attributes = NONE): void {
    // NaN, negative and infinite values have no place in a distribution.
    if (!(value >= 0 && value < Infinity)) return
    const kept = this.kept(attributes)
    for (const storage of this.storages) storage.record(value, kept)
  }

  collect(reader: number, end: HrTime): MetricData | undefined {
    const dataPoints = this.storages[reader]?.collect(end) ?? []
    if (dataPoints.length === 0) return undefined
    return { ...this.describe(reader, false), dataPointType: DataPointType.HISTOGRAM, dataPoints }
  }
}

/** A counter or up-down counter. */
export class SeriesCounter extends Described implements Counter, UpDownCounter, Collected {
  private readonly storages: readonly SumStorage[]
  private readonly isMonotonic: boolean

  constructor(parts: InstrumentParts, isMonotonic: boolean) {
    super(isMonotonic ? InstrumentType.COUNTER : InstrumentType.UP_DOWN_COUNTER, parts)
    this.isMonotonic = isMonotonic
    this.storages = this.temporalities.map(temporality => new SumStorage(temporality))
  }

  add(value: number, attributes: Attributes = NONE): void {
    if (!Number.isFinite(value) || (this.isMonotonic && value < 0)) return
    const kept = this.kept(attributes)
    for (const storage of this.storages) storage.add(value, kept)
  }

  collect(reader: number, end: HrTime): MetricData | undefined {
    const storage = this.storages[reader]
    const dataPoints = storage?.collect(end) ?? []
    if (!storage || dataPoints.length === 0) return undefined
    return {
      ...this.describe(reader, storage.isWhole),
      dataPointType: DataPointType.SUM,
      dataPoints,
      isMonotonic: this.isMonotonic,
    }
  }
}

/** An observable instrument: its values are requested when they are read. */
export class SeriesObservable extends Described implements Observable, Collected {
  private readonly storages: readonly ObservedStorage[]
  private readonly callbacks = new Set<ObservableCallback>()
  private readonly type: InstrumentType

  constructor(type: InstrumentType, parts: InstrumentParts) {
    super(type, parts)
    this.type = type
    this.storages = this.temporalities.map(
      temporality => new ObservedStorage(temporality, report => this.observe(report)),
    )
  }

  addCallback(callback: ObservableCallback): void {
    this.callbacks.add(callback)
  }

  removeCallback(callback: ObservableCallback): void {
    this.callbacks.delete(callback)
  }

  collect(reader: number, end: HrTime): MetricData | undefined {
    const storage = this.storages[reader]
    const dataPoints = storage?.collect(end) ?? []
    if (!storage || dataPoints.length === 0) return undefined
    const described = this.describe(reader, storage.isWhole)
    if (this.type === InstrumentType.OBSERVABLE_GAUGE) {
      return { ...described, dataPointType: DataPointType.GAUGE, dataPoints }
    }
    const isMonotonic = this.type === InstrumentType.OBSERVABLE_COUNTER
    return { ...described, dataPointType: DataPointType.SUM, dataPoints, isMonotonic }
  }

  private observe(report: (value: number, attributes: Attributes) => void): void {
    const result: ObservableResult = {
      observe: (value, attributes = NONE) => {
        if (Number.isFinite(value)) report(value, this.kept(attributes))
      },
    }
    for (const callback of this.callbacks) {
      try {
        const pending: unknown = callback(result)
        // Our own callbacks are synchronous.
        if (isThenable(pending)) pending.then(undefined, (error: unknown) => this.fail(error))
      } catch (error) {
        this.fail(error)
      }
    }
  }

  private fail(error: unknown): void {
    reportFailure(`metric ${this.parts.name}`, error)
  }
}
