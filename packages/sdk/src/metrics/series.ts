import type { Attributes, AttributeValue } from '@opentelemetry/api'

/** One set of attributes and its measurements. */
export interface Series<State> {
  readonly attributes: Attributes
  /** Number of attributes. */
  readonly size: number
  readonly state: State
}

/** A step of the lookup tree: the next steps by attribute value, and the series that ends here. */
interface Step<State> {
  /** The attribute checked first here; others are rare, since plugins build their attributes in one order. */
  key: string | undefined
  values: Map<AttributeValue, Step<State>> | undefined
  others: Map<string, Map<AttributeValue, Step<State>>> | undefined
  series: Series<State> | undefined
}

/** Attributes of the overflow series, as specified. */
const OVERFLOW: Attributes = { 'otel.metric.overflow': true }

/**
 * Finds the series of a set of attributes by comparing their values, one after the other (benchmark row: histogram point).
 * A set with a different attribute order is found too.
 */
export class SeriesTable<State> {
  readonly all: Series<State>[] = []
  private readonly byName = new Map<string, Series<State>>()
  private readonly make: () => State
  private readonly limit: number
  private readonly root: Step<State> = newStep()
  private last: Series<State> | undefined
  private overflow: Series<State> | undefined

  /**
   * @param make creates the state of a new series
   * @param limit maximum number of series, including the overflow series
   */
  constructor(make: () => State, limit: number) {
    this.make = make
    this.limit = limit
  }

  /** @param attributes not retained */
  find(attributes: Attributes): State {
    const { last } = this
    if (last && isOf(last, attributes)) return last.state
    let step: Step<State> | undefined = this.root
    for (const key in attributes) {
      const value = attributes[key]
      if (value !== undefined) step = step && after(step, key, value)
    }
    const series = step?.series ?? this.add(attributes)
    this.last = series
    return series.state
  }

  /** Finds a set with a new attribute order. */
  private add(attributes: Attributes): Series<State> {
    const name = canonicalName(attributes)
    let series = this.byName.get(name)
    if (!series) {
      if (this.all.length >= this.limit - 1) {
        this.overflow ??= this.create(OVERFLOW)
        return this.overflow
      }
      series = this.create({ ...attributes })
      this.byName.set(name, series)
    }
    let step = this.root
    for (const key in attributes) {
      const value = attributes[key]
      // A new array each time would never be found again.
      if (Array.isArray(value)) return series
      if (value !== undefined) step = ensureAfter(step, key, value)
    }
    step.series = series
    return series
  }

  private create(attributes: Attributes): Series<State> {
    const size = Object.values(attributes).filter(value => value !== undefined).length
    const series = { attributes, size, state: this.make() }
    this.all.push(series)
    return series
  }
}

/** Equal for the same attributes in any order; slow, but needed only once per order. */
function canonicalName(attributes: Attributes): string {
  const present = Object.entries(attributes).filter(([, value]) => value !== undefined)
  return JSON.stringify(present.toSorted(([one], [other]) => (one < other ? -1 : 1)))
}

function newStep<State>(): Step<State> {
  return { key: undefined, values: undefined, others: undefined, series: undefined }
}

function after<State>(step: Step<State>, key: string, value: AttributeValue): Step<State> | undefined {
  return (step.key === key ? step.values : step.others?.get(key))?.get(value)
}

function ensureAfter<State>(step: Step<State>, key: string, value: AttributeValue): Step<State> {
  step.key ??= key
  let values = step.key === key ? step.values : step.others?.get(key)
  if (!values) {
    values = new Map()
    if (step.key === key) step.values = values
    else (step.others ??= new Map()).set(key, values)
  }
  let next = values.get(value)
  if (!next) {
    next = newStep()
    values.set(value, next)
  }
  return next
}

function isOf({ attributes: known, size }: Series<unknown>, attributes: Attributes): boolean {
  let missing = size
  for (const key in attributes) {
    const value = attributes[key]
    if (value === undefined) continue
    if (known[key] !== value && !isSameList(known[key], value)) return false
    missing -= 1
  }
  return missing === 0
}

function isSameList(one: AttributeValue | undefined, other: AttributeValue): boolean {
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false
  return one.every((item, index) => item === other[index])
}
