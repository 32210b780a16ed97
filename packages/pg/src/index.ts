export { traceClient, type TraceableClient } from './client.ts'
export type { DatabaseOperation, PgTracingOptions } from './options.ts'
export { tracePool, type TraceablePool } from './pool.ts'
