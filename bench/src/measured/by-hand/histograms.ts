import type { MetricOptions } from '@opentelemetry/api'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

export const HTTP_SERVER_DURATION: MetricOptions = durationOf('HTTP server requests', SECONDS)
export const HTTP_CLIENT_DURATION: MetricOptions = durationOf('HTTP client requests', SECONDS)
export const RPC_SERVER_DURATION: MetricOptions = durationOf('incoming remote procedure calls', SECONDS)
export const RPC_CLIENT_DURATION: MetricOptions = durationOf('outgoing remote procedure calls', SECONDS)
export const MESSAGING_DURATION: MetricOptions = durationOf('messaging operations', SECONDS)
export const DATABASE_DURATION: MetricOptions = durationOf(
  'database client operations',
  [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
)

export const DATABASE_ROWS: MetricOptions = {
  unit: '{row}',
  description: 'Rows a database operation returned.',
  advice: { explicitBucketBoundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] },
}
export const QUEUE_DURATION: MetricOptions = durationOf(
  'messages waiting in a topic',
  [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600],
)

function durationOf(what: string, explicitBucketBoundaries: number[]): MetricOptions {
  return { unit: 's', description: `Duration of ${what}.`, advice: { explicitBucketBoundaries } }
}
