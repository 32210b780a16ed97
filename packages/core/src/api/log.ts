import { context } from '@opentelemetry/api'

import { attempt } from '../host/guard.ts'
import { traceOf } from '../host/span.ts'

/**
 * The trace that a log record belongs to, in the field names of OpenTelemetry's "Trace Context in non-OTLP Log Formats".
 * All three are absent outside a trace.
 */
export interface TraceFields {
  /** 32 hexadecimal digits. */
  trace_id?: string
  /** 16 hexadecimal digits. */
  span_id?: string
  /** Two hexadecimal digits: `01` for a sampled trace, `00` for one that is not recorded. */
  trace_flags?: string
}

/**
 * The active trace as fields of a log record: `pino({ mixin: traceFields })`. Never throws.
 * @returns a new object, which the caller may change; without fields outside a trace
 */
export function traceFields(): TraceFields {
  return attempt('reading the active trace', fieldsOfActive) ?? {}
}

function fieldsOfActive(): TraceFields {
  const active = traceOf(context.active())
  if (!active) return {}
  const { traceId, spanId, traceFlags } = active
  return { trace_id: traceId, span_id: spanId, trace_flags: traceFlags.toString(16).padStart(2, '0') }
}

/**
 * Metadata with the trace that is active when it is read, for loggers that copy their metadata into each record:
 * `winston.createLogger({ defaultMeta: traceMeta({ service: 'shop' }) })`. Reading it never throws.
 *
 * winston's formats cannot do the same: while a transport is busy, winston runs them later, inside another request.
 * @param meta fields of every record, copied. Default: none
 * @returns an object whose trace fields are `undefined` outside a trace; spreading it fixes them
 */
export function traceMeta<Meta extends object = object>(meta?: Meta): Meta & Readonly<TraceFields> {
  return Object.defineProperties({ ...meta }, TRACE_FIELDS) as Meta & Readonly<TraceFields>
}

const TRACE_FIELDS: PropertyDescriptorMap = {
  trace_id: { get: () => traceFields().trace_id, enumerable: true },
  span_id: { get: () => traceFields().span_id, enumerable: true },
  trace_flags: { get: () => traceFields().trace_flags, enumerable: true },
}
