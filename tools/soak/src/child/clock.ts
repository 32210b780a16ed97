let offset = 0

/**
 * Replaces the clock by one that jumps, as when an administrator or NTP sets it: `Date` jumps; timers,
 * `performance.now()` and the clock inside Node do not.
 */
export function replaceClock(): void {
  const realNow = Date.now
  Date.now = () => realNow() + offset
  globalThis.Date = new Proxy(Date, {
    construct: (date, values, newTarget) =>
      Reflect.construct(date, values.length === 0 ? [Date.now()] : values, newTarget) as Date,
    apply: () => new Date().toString(),
  })
}

/** @param milliseconds from the real time */
export function setClock(milliseconds: number): void {
  offset = milliseconds
}
