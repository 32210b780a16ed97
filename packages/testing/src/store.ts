import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-base'

/** Keeps the spans of a test: those that are open and those that have ended. */
export class SpanStore implements SpanProcessor {
  readonly started: Set<ReadableSpan> = new Set()
  readonly finished: ReadableSpan[] = []

  onStart(span: Span): void {
    this.started.add(span)
  }

  onEnd(span: ReadableSpan): void {
    // A span of before a reset is nobody's any more.
    if (this.started.delete(span)) this.finished.push(span)
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
