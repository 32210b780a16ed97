/** How much of an SDK there is in the measured process. */
export type SdkState = 'none' | 'unsampled' | 'sampled'

/** Who traces in the measured process. */
export type Variant = 'bare' | 'spanwright' | 'otel' | 'hand-written' | 'dd-trace' | 'sentry'

/** What is traced. */
export type Library = 'express' | 'koa' | 'fetch' | 'undici' | 'pg' | 'kafkajs-send' | 'kafkajs-each-message'

/** What a measured process is told when it is started. */
export interface Assignment {
  readonly library: Library | 'memory'
  readonly variant: Variant
  readonly state: SdkState
  /** Where clients find their server: `host:port`, or a connection string. */
  readonly service: string
  /** `host:port` of the server that the application of the memory benchmark calls besides. */
  readonly upstream?: string
  /** Origin of the sink that products without an exporter of our own send their traces to. */
  readonly sink: string
}

/** What a measured process is asked to do. */
export type Request =
  | { readonly type: 'start'; readonly countAllocations: boolean }
  | { readonly type: 'stop' }
  /** Collect garbage and say what is left. */
  /** `snapshot`: the file that a heap snapshot is written to. */
  | { readonly type: 'weigh'; readonly snapshot: string }
  | { readonly type: 'exit' }

/** What a measured process says. */
export type Reply =
  /** `port`: where it serves, when it is a server. */
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'started' }
  | ({ readonly type: 'stopped' } & Readings)
  | ({ readonly type: 'weighed' } & Weight)
  | { readonly type: 'failed'; readonly reason: string }

/** What was read between start and stop. */
export interface Readings {
  /** User and system time of the process, in microseconds. */
  readonly cpuMicroseconds: number
  /** Bytes allocated on the JavaScript heap; 0 when they were not counted. */
  readonly allocatedBytes: number
  /** Operations the process did by itself; 0 for a server, whose load counts them. */
  readonly operations: number
  /** Spans that reached the exporter. */
  readonly spans: number
}

/** What is left on the heap after all garbage was collected. */
export interface Weight {
  readonly heapBytes: number
  readonly survivors: Survivors
}

/** How many of the last objects of a kind that are done with can still be reached. */
export interface Survivors {
  /** How many of each kind were watched. */
  readonly watched: number
  readonly spans: number
  readonly requests: number
  readonly responses: number
}
