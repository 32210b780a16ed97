import { channel } from 'node:diagnostics_channel'

import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace'

/** Every recorded span is published here when it ends, for checks over a whole test suite. */
const recordedSpans = channel('spanwright.testing.span')

// Spans that start in the same millisecond have the same start time.
const startOrder = new WeakMap<ReadableSpan, number>()
let started = 0

/** Sorts spans by their start. */
export function compareStart(a: ReadableSpan, b: ReadableSpan): number {
  const [first, second] = [startOrder.get(a), startOrder.get(b)]
  if (first !== undefined && second !== undefined) return first - second
  return a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1]
}

/** Stores the open and finished spans of a test. */
export class SpanStore implements SpanProcessor {
  readonly started: Set<ReadableSpan> = new Set()
  readonly finished: ReadableSpan[] = []
  private readonly listeners: Set<() => void> = new Set()

  onStart(span: Span): void {
    startOrder.set(span, started++)
    this.started.add(span)
  }

  onEnd(span: ReadableSpan): void {
    // A span started before a reset is ignored.
    if (!this.started.delete(span)) return
    this.finished.push(span)
    recordedSpans.publish(span)
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
