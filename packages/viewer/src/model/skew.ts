import type { Trace } from './trace.ts'

/** Two services whose clocks disagree. */
export interface Skew {
  readonly service: string
  readonly caller: string
  /** By how many milliseconds at least the clock of the service is behind that of its caller. */
  readonly behind: number
}

/** Clocks tick in microseconds, and some SDKs round to milliseconds. */
const TOLERANCE = 1

/** Services whose spans began before the span that called them. That is impossible, so a clock is wrong. */
export function skewsOf(trace: Trace): Skew[] {
  const skews = new Map<string, Skew>()
  for (const { start, service, process, parent } of trace.spans) {
    if (parent === undefined || parent.process === process) continue
    const behind = parent.start - start
    const key = `${parent.service}\0${service}`
    if (behind > TOLERANCE && behind > (skews.get(key)?.behind ?? 0)) {
      skews.set(key, { service, caller: parent.service, behind })
    }
  }
  return [...skews.values()]
}
