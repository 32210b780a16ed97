import type { HrTime, TimeInput } from '@opentelemetry/api'

const MS_PER_SECOND = 1000
const NS_PER_MS = 1_000_000
const NS_PER_SECOND = 1_000_000_000

/** Milliseconds by which the anchor may be wrong before it is taken anew: `Date.now()` itself knows no fractions. */
const TOLERANCE = 2

/** No machine has been running since then, and no span is older. */
const EARLIEST = performance.timeOrigin / 2

let anchor = Math.round(performance.timeOrigin)

/**
 * What is added to `performance.now()` for the milliseconds since 1970, as a whole number. It is asked for once per
 * local root, so that the spans of a trace fit together, and a laptop that slept does not shift later traces.
 * @param now of `performance.now()`
 */
export function anchorAt(now: number): number {
  const wall = Date.now()
  const error = wall - anchor - now
  if (!(error < TOLERANCE && error > -1 - TOLERANCE)) anchor = Math.round(wall - now)
  return anchor
}

/** A time of `performance.now()` in seconds and nanoseconds since 1970. */
export function hrTimeAt(from: number, now: number): HrTime {
  const whole = Math.floor(now)
  return hrTimeOf(from + whole, Math.round((now - whole) * NS_PER_MS))
}

function hrTimeOf(milliseconds: number, nanoseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / MS_PER_SECOND)
  const rest = (milliseconds - seconds * MS_PER_SECOND) * NS_PER_MS + nanoseconds
  return rest < NS_PER_SECOND ? [seconds, rest] : [seconds + 1, rest - NS_PER_SECOND]
}

/** A time in any form that the API allows; a number too small for a time since 1970 is one of `performance.now()`. */
export function toHrTime(time: TimeInput | undefined, from: number): HrTime {
  if (typeof time === 'number' && Number.isFinite(time)) {
    return time < EARLIEST ? hrTimeAt(from, time) : fromMilliseconds(time)
  }
  if (Array.isArray(time)) return [time[0], time[1]]
  const milliseconds = isDate(time) ? time.getTime() : Number.NaN
  return Number.isNaN(milliseconds) ? hrTimeAt(from, performance.now()) : fromMilliseconds(milliseconds)
}

function fromMilliseconds(milliseconds: number): HrTime {
  const whole = Math.floor(milliseconds)
  return hrTimeOf(whole, Math.round((milliseconds - whole) * NS_PER_MS))
}

/** True for a value that the API accepts as time, as opposed to attributes. */
export function isTime(value: unknown): value is TimeInput {
  return (
    typeof value === 'number' ||
    isDate(value) ||
    (Array.isArray(value) &&
      value.length === 2 &&
      typeof value[0] === 'number' &&
      typeof value[1] === 'number')
  )
}

/** Also of another realm, such as a test runner's. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}

/** The time between two times; zero when the second one is earlier. */
export function between([startSeconds, startNanos]: HrTime, [endSeconds, endNanos]: HrTime): HrTime {
  const seconds = endSeconds - startSeconds
  const nanos = endNanos - startNanos
  if (seconds < 0 || (seconds === 0 && nanos < 0)) return [0, 0]
  return nanos < 0 ? [seconds - 1, nanos + NS_PER_SECOND] : [seconds, nanos]
}

/** A duration in milliseconds. */
export function millisecondsIn([seconds, nanos]: HrTime): number {
  return seconds * MS_PER_SECOND + nanos / NS_PER_MS
}
