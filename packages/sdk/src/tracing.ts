import type { TracerProvider } from '@opentelemetry/api'
import type { SpanCounts } from './pipeline.ts'

/** Tracing that was started: flush it, look at it, end it. */
export interface Tracing extends AsyncDisposable {
  /** The provider that the plugins use by themselves. */
  readonly tracerProvider: TracerProvider
  /** What became of the spans so far. */
  counts(): SpanCounts
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
