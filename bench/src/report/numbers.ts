/** Three significant digits, none after the point from 100 on: `0.123`, `1.23`, `12.3`, `123`. */
export function short(value: number): string {
  const size = Math.abs(value)
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2
  return value.toFixed(digits).replace('-', '−')
}

/** A ratio, or a dash where it is meaningless. */
export function times(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${short(ratio)} ×`
}
