import type { SpanCounts } from '@spanwright/sdk'

/** What a service is asked over its channel. */
export type Question = { readonly id: number } & ({ readonly clock: number } | { readonly standing: true })

/** Bytes in use after a garbage collection. */
export interface Memory {
  readonly heap: number
  /** Outside of the heap: those of the encoder, and those in which drivers receive. */
  readonly buffers: number
}

/** The state of a service. */
export interface Standing {
  readonly id: number
  readonly memory: Memory
  /** Absent without tracing. */
  readonly counts?: SpanCounts
}

/** What a service writes by itself, as a line of JSON after {@link MARK}: a channel would be too late at its end. */
export interface Notice {
  /** An exception that nothing caught, or a warning of Node. */
  readonly fault?: string
  /** An error that telemetry reported to `diag`. */
  readonly failure?: string
  /** Spans at the very end of the process. */
  readonly end?: SpanCounts
}

export const MARK = '#soak '
