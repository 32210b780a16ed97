import type { Span, Trace } from './trace.ts'

/** A time interval, in milliseconds since the trace began. */
export interface Interval {
  readonly start: number
  readonly end: number
}

/** A span on the walk back, and the time that the walk has reached. */
interface Frame {
  readonly span: Span
  /** Sorted: the one whose work ended last comes first. */
  readonly children: readonly Span[]
  next: number
  until: number
}

/**
 * For each span, the intervals during which only its own work delayed the end of the trace: shortening anything else
 * would not have ended it sooner. Walks back from the end, each time to the child whose work ended last.
 */
export function criticalPathOf(trace: Trace): ReadonlyMap<Span, readonly Interval[]> {
  const path = new Map<Span, Interval[]>()
  const root = trace.roots.find(span => span.parentId === undefined) ?? trace.roots[0]
  if (root === undefined) return path
  const ends = endsOf(trace)
  const endOf = (span: Span): number => ends.get(span) ?? span.end
  const frameOf = (span: Span): Frame => {
    const children = span.children.toSorted((one, other) => endOf(other) - endOf(one))
    return { span, children, next: 0, until: endOf(span) }
  }
  const add = (span: Span, from: number, until: number): void => {
    const stretch = { start: Math.max(from, span.start), end: Math.min(until, span.end) }
    if (stretch.end <= stretch.start) return
    const intervals = path.get(span)
    if (intervals) intervals.push(stretch)
    else path.set(span, [stretch])
  }
  const frames = [frameOf(root)]
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const child = frame.children[frame.next++]
    if (child === undefined) {
      add(frame.span, frame.span.start, frame.until)
      frames.pop()
      continue
    }
    const end = endOf(child)
    // A child that ended after the work that waits for it did not delay it.
    if (end > frame.until || end <= frame.span.start) continue
    add(frame.span, end, frame.until)
    frame.until = Math.max(child.start, frame.span.start)
    frames.push(frameOf(child))
  }
  return path
}

/** When the work beneath each span ended: a message is processed after its producer has ended. */
function endsOf({ spans }: Trace): ReadonlyMap<Span, number> {
  const ends = new Map<Span, number>()
  // Children before their parents.
  for (const span of spans.toReversed()) {
    ends.set(
      span,
      span.children.reduce((latest, child) => Math.max(latest, ends.get(child) ?? 0), span.end),
    )
  }
  return ends
}

/** The intervals of a list, with overlapping ones joined. */
function union(intervals: readonly Interval[]): Interval[] {
  const joined: { start: number; end: number }[] = []
  for (const { start, end } of intervals.toSorted((one, other) => one.start - other.start)) {
    const last = joined.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else joined.push({ start, end })
  }
  return joined
}

/** The gaps between a start and an end that no interval covers. */
export function gapsBetween(intervals: readonly Interval[], start: number, end: number): Interval[] {
  const gaps: Interval[] = []
  let at = start
  for (const interval of union(intervals)) {
    if (interval.start > at) gaps.push({ start: at, end: Math.min(interval.start, end) })
    at = Math.max(at, interval.end)
    if (at >= end) break
  }
  if (at < end) gaps.push({ start: at, end })
  return gaps.filter(gap => gap.end > gap.start)
}
