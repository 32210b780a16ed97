import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base'

/** Keeps the spans of a test: those that are open and those that have ended. */
export class SpanStore implements SpanProcessor {
  readonly started: Set<ReadableSpan> = new Set()
  readonly finished: ReadableSpan[] = []
  private readonly listeners: Set<() => void> = new Set()

  onStart(span: Span): void {
    this.started.add(span)
  }

  onEnd(span: ReadableSpan): void {
    // A span of before a reset is nobody's any more.
    if (!this.started.delete(span)) return
    this.finished.push(span)
    for (const listener of this.listeners) listener()
  }

  /** Calls a function whenever a span has ended, until the function that is returned is called. */
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
