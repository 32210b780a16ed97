import type { Library } from './measured/protocol.ts'

/** What can be called. */
type ServiceKind = 'upstream' | 'postgres' | 'kafka' | 'grpc'

/** How a library is measured and shown. */
export interface LibraryEntry {
  readonly name: Library
  /** What a person types to choose it, besides its name. */
  readonly family: string
  readonly title: string
  /** What an operation is. */
  readonly operation: string
  /** `load` and `grpc-load`: requests or calls come from here. Otherwise what it calls. */
  readonly service: ServiceKind | 'load' | 'grpc-load' | 'none'
  /** What a server calls besides. */
  readonly needs?: readonly ServiceKind[]
  /** Operations in one call that is counted: a batch of messages is one call. */
  readonly operationsPerCall: number
  /** Absent where there is nothing to compare with. */
  readonly goals?: Goals
}

/** What is to be reached: overheads in relation to each other. */
interface Goals {
  /** Least overhead of otel per overhead of spanwright, everything exported. */
  readonly otel: number
  /** Most overhead of spanwright per overhead by hand on OpenTelemetry's SDK, everything exported. */
  readonly byHandOtel: number
  /** Most overhead of spanwright per overhead by hand on the SDK of this project, everything exported. */
  readonly byHand: number
  /** Least overhead of otel per overhead of spanwright, nothing sampled. */
  readonly unsampled: number
}

/** Most CPU time over bare without an SDK, in microseconds per operation. */
export const GOAL_WITHOUT_SDK = 2

const MESSAGES_PER_BATCH = 100

const ONE_BY_ONE = { operation: 'request', operationsPerCall: 1 } as const

export const LIBRARIES: readonly LibraryEntry[] = [
  {
    ...ONE_BY_ONE,
    name: 'service',
    family: 'service',
    title: 'Express request with three queries and a call',
    service: 'load',
    needs: ['postgres', 'upstream'],
    goals: { otel: 4, byHandOtel: 0.7, byHand: 1.25, unsampled: 4 },
  },
  {
    ...ONE_BY_ONE,
    name: 'express',
    family: 'express',
    title: 'Express',
    service: 'load',
    goals: { otel: 5, byHandOtel: 0.6, byHand: 1.25, unsampled: 6 },
  },
  {
    ...ONE_BY_ONE,
    name: 'koa',
    family: 'koa',
    title: 'Koa',
    service: 'load',
    goals: { otel: 4, byHandOtel: 0.7, byHand: 1.3, unsampled: 5 },
  },
  {
    ...ONE_BY_ONE,
    name: 'http-server',
    family: 'http',
    title: 'node:http server',
    service: 'load',
    goals: { otel: 4, byHandOtel: 0.7, byHand: 1.3, unsampled: 5 },
  },
  {
    ...ONE_BY_ONE,
    name: 'http-client',
    family: 'http',
    title: 'node:http client',
    service: 'upstream',
    goals: { otel: 4, byHandOtel: 0.6, byHand: 1.25, unsampled: 4 },
  },
  {
    ...ONE_BY_ONE,
    name: 'fetch',
    family: 'undici',
    title: 'fetch',
    service: 'upstream',
    goals: { otel: 2, byHandOtel: 0.8, byHand: 1.25, unsampled: 2.5 },
  },
  {
    ...ONE_BY_ONE,
    name: 'undici',
    family: 'undici',
    title: 'undici.request',
    service: 'upstream',
    goals: { otel: 4, byHandOtel: 0.6, byHand: 1.25, unsampled: 4 },
  },
  {
    ...ONE_BY_ONE,
    name: 'pg',
    family: 'pg',
    title: 'pg pool.query',
    operation: 'query',
    service: 'postgres',
    goals: { otel: 3.5, byHandOtel: 0.7, byHand: 1.25, unsampled: 4 },
  },
  {
    name: 'kafkajs-send',
    family: 'kafkajs',
    title: 'kafkajs send',
    operation: 'message of a batch of 100',
    service: 'kafka',
    operationsPerCall: MESSAGES_PER_BATCH,
    goals: { otel: 4, byHandOtel: 0.8, byHand: 1.25, unsampled: 4 },
  },
  {
    ...ONE_BY_ONE,
    name: 'kafkajs-each-message',
    family: 'kafkajs',
    title: 'kafkajs eachMessage',
    operation: 'message',
    service: 'kafka',
    goals: { otel: 3, byHandOtel: 0.6, byHand: 1.25, unsampled: 3 },
  },
  {
    ...ONE_BY_ONE,
    name: 'grpc-server',
    family: 'grpc',
    title: 'gRPC unary server',
    operation: 'call',
    service: 'grpc-load',
    goals: { otel: 3, byHandOtel: 0.7, byHand: 1.25, unsampled: 3 },
  },
  {
    ...ONE_BY_ONE,
    name: 'grpc-client',
    family: 'grpc',
    title: 'gRPC unary client',
    operation: 'call',
    service: 'grpc',
    goals: { otel: 3, byHandOtel: 0.7, byHand: 1.25, unsampled: 3 },
  },
  { ...ONE_BY_ONE, name: 'sdk', family: 'sdk', title: 'An Express app with the SDK alone', service: 'load' },
  {
    ...ONE_BY_ONE,
    name: 'with-span',
    family: 'with-span',
    title: 'withSpan',
    operation: 'call',
    service: 'none',
  },
]
