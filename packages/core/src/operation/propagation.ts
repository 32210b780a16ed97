import type { Context, TextMapGetter, TextMapSetter } from '@opentelemetry/api'
import { createContextKey, isSpanContextValid, propagation, trace } from '@opentelemetry/api'

import { reportFailure } from '../host/guard.ts'
import type { Settings } from './settings.ts'

// The key of the SDK's own suppressTracing(), by its registered symbol: core depends on the API alone.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** True when tracing was switched off for the work of this context. */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING) === true
}

/** A context in which nothing is traced. */
export function suppressTracing(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING, true)
}

/** True when the context belongs to a trace. */
export function isInTrace(context: Context): boolean {
  const spanContext = trace.getSpanContext(context)
  return spanContext !== undefined && isSpanContextValid(spanContext)
}

/** The context that came with a carrier, on top of another; that other one when the propagator throws. */
export function extractContext<Carrier, Described>(
  settings: Settings<Described>,
  context: Context,
  carrier: Carrier,
  getter: TextMapGetter<Carrier>,
): Context {
  try {
    const { propagator } = settings.options
    if (!propagator) return propagation.extract(context, carrier, getter)
    // One written in plain JavaScript may forget to return.
    const extracted: Context | undefined = propagator.extract(context, carrier, getter)
    return extracted ?? context
  } catch (error) {
    reportFailure('extracting the context', error)
    return context
  }
}

/** Writes a context into a carrier of ours. A propagator that throws is reported and writes what it wrote. */
export function injectContext<Carrier, Described>(
  settings: Settings<Described>,
  context: Context,
  carrier: Carrier,
  setter: TextMapSetter<Carrier>,
): void {
  try {
    const { propagator } = settings.options
    if (propagator) propagator.inject(context, carrier, setter)
    else propagation.inject(context, carrier, setter)
  } catch (error) {
    reportFailure('injecting the context', error)
  }
}

/** Names of the fields that the propagator at hand writes, such as `traceparent`. */
export function propagatedFields<Described>(settings: Settings<Described>): readonly string[] {
  try {
    return settings.options.propagator?.fields() ?? propagation.fields()
  } catch (error) {
    reportFailure('listing the fields of the propagator', error)
    return []
  }
}
