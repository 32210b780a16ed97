import type { Context, TextMapGetter, TextMapSetter } from '@opentelemetry/api'
import { createContextKey, isSpanContextValid, propagation, trace } from '@opentelemetry/api'

import { reportFailure } from '../host/guard.ts'
import { HEADER_FIELDS_SETTER, HeaderFields } from './header-fields.ts'
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

/**
 * The fields that a context is sent in, as a flat list of names and values. Whatever a propagator writes, any of them
 * can be a header; what can be none is left out and counted. A propagator that throws is reported.
 */
export function injectedFields<Described>(
  settings: Settings<Described>,
  context: Context,
): readonly string[] {
  const carrier = new HeaderFields()
  try {
    const { propagator } = settings.options
    if (propagator) propagator.inject(context, carrier, HEADER_FIELDS_SETTER)
    else propagation.inject(context, carrier, HEADER_FIELDS_SETTER)
  } catch (error) {
    reportFailure('injecting the context', error)
  }
  return carrier.close()
}

/** Writes the fields of a context, checked as {@link injectedFields} has them, into a carrier of ours. */
export function injectContext<Carrier, Described>(
  settings: Settings<Described>,
  context: Context,
  carrier: Carrier,
  setter: TextMapSetter<Carrier>,
): void {
  const fields = injectedFields(settings, context)
  try {
    for (let i = 0; i + 1 < fields.length; i += 2) setter.set(carrier, fields[i] ?? '', fields[i + 1] ?? '')
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
