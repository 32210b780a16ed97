/** How much of an SDK there is in the measured process. `exported`: every span is sampled and sent over OTLP. */
export type SdkState = 'none' | 'unsampled' | 'exported'

/** Who traces in the measured process. */
export type Variant =
  | 'bare'
  /** What tracing hooks into, doing nothing: where the library makes its users pay for the hook itself. */
  | 'pass-through'
  | 'spanwright'
  /** By hand, on the SDK of this project. */
  | 'by-hand'
  /** By hand, on OpenTelemetry's SDK. */
  | 'by-hand-otel'
  | 'otel'
  /** OpenTelemetry's instrumentation, configured to make as many spans as this project does. */
  | 'otel-lean'
  | 'dd-trace'
  | 'sentry'

/** What is traced. */
export type Library =
  | 'sdk'
  | 'with-span'
  | 'express'
  | 'koa'
  | 'http-server'
  | 'http-client'
  | 'fetch'
  | 'undici'
  | 'pg'
  | 'kafkajs-send'
  | 'kafkajs-each-message'
  | 'grpc-server'
  | 'grpc-client'
  | 'service'

/** The arguments of a measured process. */
export interface Assignment {
  readonly library: Library | 'memory'
  readonly variant: Variant
  readonly state: SdkState
  /** Where clients find their server: `host:port`, or a connection string. */
  readonly service: string
  /** `host:port` of the server that an application calls besides its database. */
  readonly upstream: string
  /** URL of the sink that everything is sent to, a path of its own for each process included. */
  readonly sink: string
}

/** What a measured process is asked to do. */
export type Request =
  /** `watched`: allocations and delays are counted too, which costs CPU time. */
  | { readonly type: 'start'; readonly watched: boolean }
  | { readonly type: 'stop' }
  /** Send what waits, and say how much was recorded since the process began. */
  | { readonly type: 'flush' }
  /** Collect garbage and say what is left; `snapshot`: the file that a heap snapshot is written to. */
  | { readonly type: 'weigh'; readonly snapshot: string }
  | { readonly type: 'exit' }

/** What a measured process says. */
export type Reply =
  /** `port`: where it serves, when it is a server. `startUp`: milliseconds since the process was created. */
  | { readonly type: 'ready'; readonly port: number; readonly startUp: number }
  | { readonly type: 'started' }
  | ({ readonly type: 'stopped' } & Readings)
  | { readonly type: 'flushed'; readonly recorded: number }
  | ({ readonly type: 'weighed' } & Weight)
  | { readonly type: 'failed'; readonly reason: string }

/** What was read between start and stop. */
export interface Readings {
  /** User and system time of the process, in microseconds. */
  readonly cpuMicroseconds: number
  /** Operations the process did by itself; 0 for a server, whose load counts them. */
  readonly operations: number
  /** Spans that were recorded; 0 for products that do not say. */
  readonly recorded: number
  /** Bytes allocated on the JavaScript heap; 0 when the process was not watched. */
  readonly allocatedBytes: number
  /** Longest delay of the event loop in milliseconds; 0 when the process was not watched. */
  readonly longestDelay: number
  /** Resident memory at the end. */
  readonly residentBytes: number
}

/** What is left on the heap after all garbage was collected. */
export interface Weight {
  readonly heapBytes: number
  readonly survivors: Survivors
  readonly spans: SpanTally
}

/** Outcome of the spans of a process. */
export interface SpanTally {
  readonly recorded: number
  readonly exported: number
  readonly dropped: number
  readonly waiting: number
}

/** How many of the last objects of a kind that are done with can still be reached. */
export interface Survivors {
  /** How many of each kind were watched. */
  readonly watched: number
  readonly spans: number
  readonly requests: number
  readonly responses: number
}
