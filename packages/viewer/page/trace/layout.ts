import { textOf } from '../../src/model/attributes.ts'
import type { Interval } from '../../src/model/critical-path.ts'
import { gapsBetween } from '../../src/model/critical-path.ts'
import type { Span, Trace } from '../../src/model/trace.ts'

/** The spans of a trace that are not beneath a collapsed one, in the order of the rows. */
export function rowsOf(trace: Trace, collapsed: ReadonlySet<string>): readonly Span[] {
  if (collapsed.size === 0) return trace.spans
  const rows: Span[] = []
  let hiddenBelow = Infinity
  for (const span of trace.spans) {
    if (span.depth > hiddenBelow) continue
    hiddenBelow = collapsed.has(span.id) ? span.depth : Infinity
    rows.push(span)
  }
  return rows
}

/** Whether a text occurs in the name, the service or the attributes of a span, or is its id. */
export function matchesSearch(span: Span, search: string): boolean {
  const includes = (text: string): boolean => text.toLowerCase().includes(search)
  if (includes(span.name) || includes(span.service) || span.id === search) return true
  return Object.entries(span.attributes).some(([key, value]) => includes(key) || includes(textOf(value)))
}

/** Time within a span during which none of its children ran. */
export function ownTimeOf(span: Span): Interval[] {
  return gapsBetween(span.children, span.start, span.end)
}

/** The total length of a list of intervals, in milliseconds. */
export function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { start, end }) => sum + end - start, 0)
}

/** A gap shorter than this share of the trace is not shown. */
const MIN_GAP = 0.02

/** Times at which no span ran, not even one that waits. */
export function idleTimesOf(trace: Trace): Interval[] {
  return gapsBetween(trace.spans, 0, trace.duration).filter(
    gap => gap.end - gap.start > MIN_GAP * trace.duration,
  )
}

/** Times for the ruler: round ones, at most about seven. */
export function ticksOf({ start, end }: Interval): number[] {
  const rough = (end - start) / 6
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map(factor => factor * power).find(each => each >= rough) ?? rough
  const ticks: number[] = []
  for (let tick = Math.ceil(start / step - 1e-9) * step; tick <= end; tick += step) ticks.push(tick)
  return ticks
}

/** The position of a time within a window, in per cent of its width. */
export function positionIn({ start, end }: Interval, moment: number): number {
  return (100 * (moment - start)) / (end - start)
}

/** Intervals of a bar as the stops of a gradient: one colour within them, another one outside. */
export function gradientOf(
  parts: readonly Interval[],
  { start, end }: Interval,
  within: string,
  outside: string,
): string {
  const length = end - start || 1
  // A screen cannot show more, so the style doesn't contain more.
  const tooShort = length / 400
  const stops: string[] = []
  let at = 0
  for (const part of parts) {
    if (part.end - part.start < tooShort && parts.length > 40) continue
    const from = (100 * (part.start - start)) / length
    const to = (100 * (part.end - start)) / length
    stops.push(
      `${outside} ${at.toFixed(3)}% ${from.toFixed(3)}%`,
      `${within} ${from.toFixed(3)}% ${to.toFixed(3)}%`,
    )
    at = to
  }
  stops.push(`${outside} ${at.toFixed(3)}% 100%`)
  return `linear-gradient(90deg, ${stops.join(', ')})`
}
