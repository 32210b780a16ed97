import type { TracerProvider } from '@opentelemetry/api'
import type { SpanCounts } from '../record/pipeline.ts'
import type { TracingReport } from '../report/report.ts'

/** Tracing that was started: flush it, look at it, end it. */
export interface Tracing extends AsyncDisposable {
  /** The provider that the plugins use by themselves. */
  readonly tracerProvider: TracerProvider
  /** What became of the spans so far. */
  counts(): SpanCounts
  /** What is set up, what became of the spans, and what looks wrong; said to `diag` at the start with `SPANWRIGHT_DEBUG=1`. */
  report(): TracingReport
  /**
   * Sends what waits.
   * @throws Error when that takes longer than `flushTimeout`
   */
  forceFlush(): Promise<void>
  /**
   * Sends what waits, for `flushTimeout` at the longest, counts the rest as dropped, and withdraws
   * everything that was registered. Never fails; a second call waits for the first.
   */
  shutdown(): Promise<void>
}
