import type { Span, Trace } from './trace.ts'

/** A stretch of time, in milliseconds since the trace began. */
export interface Interval {
  readonly start: number
  readonly end: number
}

/** A span on the way back, and how far back it is. */
interface Frame {
  readonly span: Span
  /** The one that ended last comes first. */
  readonly children: readonly Span[]
  next: number
  until: number
}

function frameOf(span: Span, until: number): Frame {
  const children = span.children.toSorted((one, other) => other.end - one.end)
  return { span, children, next: 0, until: Math.min(span.end, until) }
}

/**
 * The stretches during which nothing but this span's own work held up the end of the trace, by span: shortening anything
 * else would not have made it faster. Walks back from the end, each time to the child that ended last.
 */
export function criticalPathOf(trace: Trace): ReadonlyMap<Span, readonly Interval[]> {
  const path = new Map<Span, Interval[]>()
  const root = trace.roots.find(span => span.parentId === undefined) ?? trace.roots[0]
  if (root === undefined) return path
  const add = (span: Span, start: number, end: number): void => {
    if (end <= start) return
    const intervals = path.get(span)
    if (intervals) intervals.push({ start, end })
    else path.set(span, [{ start, end }])
  }
  const frames = [frameOf(root, root.end)]
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const child = frame.children[frame.next++]
    if (child === undefined) {
      add(frame.span, frame.span.start, frame.until)
      frames.pop()
      continue
    }
    // One that ended after what waits for it did not hold it up.
    if (child.end > frame.until || child.start < frame.span.start || child.end <= frame.span.start) continue
    add(frame.span, child.end, frame.until)
    frame.until = child.start
    frames.push(frameOf(child, child.end))
  }
  return path
}

/** Stretches of a list that overlap, joined. */
function union(intervals: readonly Interval[]): Interval[] {
  const joined: { start: number; end: number }[] = []
  for (const { start, end } of intervals.toSorted((one, other) => one.start - other.start)) {
    const last = joined.at(-1)
    if (last && start <= last.end) last.end = Math.max(last.end, end)
    else joined.push({ start, end })
  }
  return joined
}

/** Stretches between a start and an end that no interval covers. */
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
