/** A value measured several times. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/**
 * Median, minimum and maximum.
 * @throws RangeError when there is no value
 */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const [min] = sorted
  const max = sorted.at(-1)
  if (min === undefined || max === undefined) throw new RangeError('there is no median of no values')
  const middle = sorted.length / 2
  const below = sorted[Math.ceil(middle) - 1] ?? min
  const above = sorted[Math.floor(middle)] ?? max
  return { median: (below + above) / 2, min, max }
}

/**
 * How many times as large one overhead is as another; undefined where that is meaningless, because the other one is
 * not above zero.
 */
export function ratioOf(overhead: number, other: number): number | undefined {
  return other > 0 ? overhead / other : undefined
}
