import type { TraceState } from '@opentelemetry/api'

import type { InstrumentationScope } from '../types.ts'

/** A span in bytes, which waits for a decision about its trace; the `tracestate` is written when that was made. */
export class EncodedSpan {
  readonly instrumentationScope: InstrumentationScope
  readonly traceState: TraceState | undefined
  /** The fields of the span. */
  readonly fields: Uint8Array

  constructor(scope: InstrumentationScope, traceState: TraceState | undefined, fields: Uint8Array) {
    this.instrumentationScope = scope
    this.traceState = traceState
    this.fields = fields
  }

  /** The same span with another `tracestate`. */
  with(traceState: TraceState): EncodedSpan {
    return new EncodedSpan(this.instrumentationScope, traceState, this.fields)
  }
}
