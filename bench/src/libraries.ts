import type { Library } from './measured/protocol.ts'

/** How a library is measured and shown. */
export interface LibraryEntry {
  readonly name: Library
  /** What a person types to choose it, besides its name. */
  readonly family: string
  readonly title: string
  /** What an operation is. */
  readonly operation: string
  /** `load`: requests come from here. Otherwise what it calls. */
  readonly service: 'load' | 'upstream' | 'postgres' | 'kafka'
  /** Operations in one call that is counted: a batch of messages is one call. */
  readonly operationsPerCall: number
  readonly goals: Goals
}

/** What is to be reached: overheads in relation to each other. */
interface Goals {
  /** Least overhead of otel per overhead of spanwright, everything sampled. */
  readonly sampled: number
  /** The same with nothing sampled. */
  readonly unsampled: number
  /** Most overhead of spanwright per overhead of hand-written, everything sampled. */
  readonly handWritten: number
}

/** Most CPU time over bare without an SDK, in microseconds per operation. */
export const GOAL_WITHOUT_SDK = 2

const MESSAGES_PER_BATCH = 100

export const LIBRARIES: readonly LibraryEntry[] = [
  {
    name: 'express',
    family: 'express',
    title: 'Express',
    operation: 'request',
    service: 'load',
    operationsPerCall: 1,
    goals: { sampled: 4, unsampled: 5, handWritten: 1.25 },
  },
  {
    name: 'koa',
    family: 'koa',
    title: 'Koa',
    operation: 'request',
    service: 'load',
    operationsPerCall: 1,
    goals: { sampled: 4, unsampled: 6, handWritten: 1.25 },
  },
  {
    name: 'fetch',
    family: 'undici',
    title: 'fetch',
    operation: 'request',
    service: 'upstream',
    operationsPerCall: 1,
    goals: { sampled: 1.5, unsampled: 2.5, handWritten: 1.1 },
  },
  {
    name: 'undici',
    family: 'undici',
    title: 'undici.request',
    operation: 'request',
    service: 'upstream',
    operationsPerCall: 1,
    goals: { sampled: 1.6, unsampled: 2, handWritten: 1.1 },
  },
  {
    name: 'pg',
    family: 'pg',
    title: 'pg pool.query',
    operation: 'query',
    service: 'postgres',
    operationsPerCall: 1,
    goals: { sampled: 2, unsampled: 3, handWritten: 1.2 },
  },
  {
    name: 'kafkajs-send',
    family: 'kafkajs',
    title: 'kafkajs send',
    operation: 'message of a batch of 100',
    service: 'kafka',
    operationsPerCall: MESSAGES_PER_BATCH,
    goals: { sampled: 3, unsampled: 4, handWritten: 1.2 },
  },
  {
    name: 'kafkajs-each-message',
    family: 'kafkajs',
    title: 'kafkajs eachMessage',
    operation: 'message',
    service: 'kafka',
    operationsPerCall: 1,
    goals: { sampled: 2, unsampled: 2.5, handWritten: 1.2 },
  },
]
