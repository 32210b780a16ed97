import type { OptionRule } from '@spanwright/core/plugin'

/** A duration: milliseconds, or a string such as `500ms`, `5s` or `2m`. */
export type Duration = number | `${number}${'ms' | 's' | 'm'}`

const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m)$/
const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

/** A duration in milliseconds; NaN when it is invalid. */
export function millisecondsOf(duration: unknown): number {
  if (typeof duration === 'number') return duration
  const [, amount, unit = ''] = TEXT.exec(String(duration)) ?? []
  return Number(amount) * (MILLISECONDS[unit] ?? Number.NaN)
}

export const aDuration: OptionRule = {
  expected: "milliseconds above 0, or a string such as '500ms', '5s', '2m'",
  accepts: value => {
    const milliseconds = millisecondsOf(value)
    return milliseconds > 0 && milliseconds < 2 ** 31
  },
}
