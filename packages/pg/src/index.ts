export { traceClient, type TraceableClient } from './connection/client.ts'
export type {
  ClientTracingOptions,
  CommentOptions,
  DatabaseOperation,
  PgMetricsOptions,
  PoolTracingOptions,
} from './options.ts'
export { tracePool, type TraceablePool } from './pool/pool.ts'
