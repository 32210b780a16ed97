import type { MetricData } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'

/** Sees everything that the recorders of this test would export or send. */
export interface Watcher {
  span(span: ReadableSpan): void
  metric(scope: string, metric: MetricData): void
  /** A field that the propagator of a recorder put into a carrier: a header, metadata, or part of a comment. */
  field(key: string, value: string): void
}

/** Not a diagnostics channel, which would outlive the test file. */
export const watchers: Set<Watcher> = new Set()

/** Collects the metrics of each recorder that has not been stopped. */
export const collectors: Set<() => Promise<unknown>> = new Set()
