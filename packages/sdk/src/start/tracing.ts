import type { TracerProvider } from '@opentelemetry/api'
import type { SpanCounts } from '../record/pipeline.ts'
import type { TracingReport } from '../report/report.ts'

/** Handle of the started tracing, to flush, inspect and shut it down. */
export interface Tracing extends AsyncDisposable {
  /** The provider, which plugins find automatically. */
  readonly tracerProvider: TracerProvider
  /** Outcome of the spans so far. */
  counts(): SpanCounts
  /**
   * The set-up, the outcome of the spans, and the problems found; written to `diag` at the start with
   * `SPANWRIGHT_DEBUG=1`.
   */
  report(): TracingReport
  /**
   * Sends all waiting data.
   * @throws Error when that takes longer than `flushTimeout`
   */
  forceFlush(): Promise<void>
  /**
   * Sends waiting data for at most `flushTimeout`, counts the rest as dropped, and withdraws everything that was
   * registered. Never fails; a second call waits for the first.
   */
  shutdown(): Promise<void>
}
