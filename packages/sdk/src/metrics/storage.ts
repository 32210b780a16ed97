import type { Attributes, HrTime } from '@opentelemetry/api'

import { SeriesTable } from './series.ts'
import { AggregationTemporality, type DataPoint, type Histogram } from './types.ts'

/** Maximum number of series of one instrument for one reader; the specification's default. */
const MAX_SERIES = 2000

/** A sum in one series. */
interface Sum {
  value: number
  readonly since: HrTime
}

/** A distribution in one series. */
class Distribution {
  readonly since: HrTime = now()
  readonly counts: Float64Array
  count: number = 0
  sum: number = 0
  min: number = Infinity
  max: number = -Infinity

  constructor(buckets: number) {
    this.counts = new Float64Array(buckets)
  }
}

/** The measurements of one instrument, for one reader. */
interface Storage<Value> {
  /** The current points; with delta temporality, only changes since the last read. */
  collect(end: HrTime): DataPoint<Value>[]
}

/** Base storage; with delta temporality it discards an interval once it was read. */
abstract class SeriesStorage<State, Value> implements Storage<Value> {
  protected table: SeriesTable<State>
  private readonly isDelta: boolean

  constructor(temporality: AggregationTemporality) {
    this.isDelta = temporality === AggregationTemporality.DELTA
    this.table = this.makeTable()
  }

  collect(end: HrTime): DataPoint<Value>[] {
    const points = this.table.all.map(({ attributes, state }) => this.pointOf(attributes, state, end))
    if (this.isDelta) this.table = this.makeTable()
    return points
  }

  protected abstract makeState(): State
  protected abstract pointOf(attributes: Attributes, state: State, end: HrTime): DataPoint<Value>

  private makeTable(): SeriesTable<State> {
    return new SeriesTable(() => this.makeState(), MAX_SERIES)
  }
}

/** Adds up. */
export class SumStorage extends SeriesStorage<Sum, number> {
  /** False once a value was not an integer. */
  isWhole: boolean = true

  add(value: number, attributes: Attributes): void {
    this.table.find(attributes).value += value
    if (this.isWhole && !Number.isInteger(value)) this.isWhole = false
  }

  protected override makeState(): Sum {
    return { value: 0, since: now() }
  }

  protected override pointOf(attributes: Attributes, { since, value }: Sum, end: HrTime): DataPoint<number> {
    return { attributes, startTime: since, endTime: end, value }
  }
}

/** Sorts values into buckets. */
export class HistogramStorage extends SeriesStorage<Distribution, Histogram> {
  private readonly boundaries: readonly number[]

  /** @param boundaries inclusive upper bounds of all buckets but the last */
  constructor(temporality: AggregationTemporality, boundaries: readonly number[]) {
    super(temporality)
    this.boundaries = boundaries
  }

  record(value: number, attributes: Attributes): void {
    const state = this.table.find(attributes)
    const { boundaries } = this
    let bucket = 0
    while (bucket < boundaries.length && value > (boundaries[bucket] as number)) bucket += 1
    state.counts[bucket] = (state.counts[bucket] as number) + 1
    state.count += 1
    state.sum += value
    if (value < state.min) state.min = value
    if (value > state.max) state.max = value
  }

  protected override makeState(): Distribution {
    return new Distribution(this.boundaries.length + 1)
  }

  protected override pointOf(
    attributes: Attributes,
    { since, counts, count, sum, min, max }: Distribution,
    end: HrTime,
  ): DataPoint<Histogram> {
    const buckets = { boundaries: [...this.boundaries], counts: [...counts] }
    return { attributes, startTime: since, endTime: end, value: { buckets, count, sum, min, max } }
  }
}

/** Values requested when they are read; with delta temporality also those of the previous read. */
export class ObservedStorage implements Storage<number> {
  isWhole: boolean = true
  private readonly isDelta: boolean
  private readonly observe: (report: (value: number, attributes: Attributes) => void) => void
  private since: HrTime = now()
  private before: SeriesTable<{ value: number }> | undefined

  /** @param observe reports the current values */
  constructor(
    temporality: AggregationTemporality,
    observe: (report: (value: number, attributes: Attributes) => void) => void,
  ) {
    this.isDelta = temporality === AggregationTemporality.DELTA
    this.observe = observe
  }

  collect(end: HrTime): DataPoint<number>[] {
    const table = new SeriesTable(() => ({ value: 0 }), MAX_SERIES)
    this.observe((value, attributes) => {
      table.find(attributes).value = value
      if (!Number.isInteger(value)) this.isWhole = false
    })
    const { before, since } = this
    if (this.isDelta) {
      this.before = table
      this.since = end
    }
    return table.all.map(({ attributes, state: { value } }) => ({
      attributes,
      startTime: since,
      endTime: end,
      value: before ? value - before.find(attributes).value : value,
    }))
  }
}

/** The current time in the format of metric points. */
export function now(): HrTime {
  const milliseconds = Date.now()
  const seconds = Math.trunc(milliseconds / 1000)
  return [seconds, (milliseconds - seconds * 1000) * 1e6]
}
