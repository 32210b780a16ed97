import { channel } from 'node:diagnostics_channel'

import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace'

import { watchers } from './watch.ts'

/** Every recorded span is published here when it ends, for checks over a whole test suite. */
const recordedSpans = channel('spanwright.testing.span')
/** Every span is published here when it starts, and when it ends, even after a reset. */
const startedSpans = channel('spanwright.testing.start')
const endedSpans = channel('spanwright.testing.end')

// Times have a resolution of a millisecond between traces.
const startOrder = new WeakMap<ReadableSpan, number>()
const endOrder = new WeakMap<ReadableSpan, number>()
let events = 0

/** Sorts spans by their start. */
export function compareStart(a: ReadableSpan, b: ReadableSpan): number {
  const [first, second] = [startOrder.get(a), startOrder.get(b)]
  if (first !== undefined && second !== undefined) return first - second
  return compareTimes(a.startTime, b.startTime)
}

/** Whether a span had ended when another one started. */
export function endedBefore(span: ReadableSpan, other: ReadableSpan): boolean {
  if (!span.ended) return false
  const [end, start] = [endOrder.get(span), startOrder.get(other)]
  if (end !== undefined && start !== undefined) return end < start
  return compareTimes(span.endTime, other.startTime) <= 0
}

function compareTimes(a: ReadableSpan['startTime'], b: ReadableSpan['startTime']): number {
  return a[0] - b[0] || a[1] - b[1]
}

/** Stores the open and finished spans of a test. */
export class SpanStore implements SpanProcessor {
  readonly started: Set<ReadableSpan> = new Set()
  readonly finished: ReadableSpan[] = []
  private readonly listeners: Set<() => void> = new Set()

  onStart(span: Span): void {
    startOrder.set(span, events++)
    this.started.add(span)
    startedSpans.publish(span)
  }

  onEnd(span: ReadableSpan): void {
    endOrder.set(span, events++)
    endedSpans.publish(span)
    // A span started before a reset is ignored.
    if (!this.started.delete(span)) return
    this.finished.push(span)
    recordedSpans.publish(span)
    for (const watcher of watchers) watcher.span(span)
    for (const listener of this.listeners) listener()
  }

  /** Calls a listener whenever a span ends, until the returned function is called. */
  listen(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  reset(): void {
    this.started.clear()
    this.finished.length = 0
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    this.reset()
  }
}
