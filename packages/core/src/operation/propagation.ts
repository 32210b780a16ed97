import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api'
import { createContextKey, propagation, trace } from '@opentelemetry/api'

import { reportFailure } from '../host/guard.ts'
import { traceOf } from '../host/span.ts'
import { HEADER_FIELDS_SETTER, HeaderFields, isWritableField } from './header-fields.ts'
import type { Settings } from './settings.ts'

// The key of the SDK's own suppressTracing(), by its registered symbol: core depends on the API alone.
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** True when tracing is suppressed in this context. */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING) === true
}

/** A context in which nothing is traced. */
export function suppressTracing(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING, true)
}

/** True when the context belongs to a trace. */
export function isInTrace(context: Context): boolean {
  return traceOf(context) !== undefined
}

/** The propagator of an entry point; without one, the global one is used. */
interface Propagation {
  readonly options: { readonly propagator?: TextMapPropagator | undefined }
}

/** The context extracted from a carrier, on top of the given context; the given context when the propagator throws. */
export function extractContext<Carrier>(
  settings: Propagation,
  context: Context,
  carrier: Carrier,
  getter: TextMapGetter<Carrier>,
): Context {
  try {
    const { propagator = propagation } = settings.options
    // A propagator written in plain JavaScript may return nothing, or a promise.
    const extracted: Context | undefined = propagator.extract(context, carrier, getter)
    return isContext(extracted) ? extracted : context
  } catch (error) {
    reportFailure('extracting the context', error)
    return context
  }
}

/** False for a value that isn't a context; throws for one that cannot be read. */
function isContext(value: Context | undefined): value is Context {
  if (typeof value?.getValue !== 'function' || typeof value.setValue !== 'function') return false
  trace.getSpanContext(value)
  return true
}

/**
 * The fields a context is sent in, as a flat list of names and values. All of them are valid headers: other fields that
 * a propagator writes are omitted and counted. A propagator that throws is reported.
 */
export function injectedFields(settings: Propagation, context: Context): readonly string[] {
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

/** Writes the fields of a context, checked as in {@link injectedFields}, into a carrier of ours. */
export function injectContext<Carrier, Described>(
  settings: Settings<Described>,
  context: Context,
  carrier: Carrier,
  setter: TextMapSetter<Carrier>,
): void {
  const fields = injectedFields(settings, context)
  for (let i = 0; i + 1 < fields.length; i += 2) {
    try {
      setter.set(carrier, fields[i] ?? '', fields[i + 1] ?? '')
    } catch (error) {
      // A field this carrier rejects does not prevent the others.
      reportFailure('injecting the context', error)
    }
  }
}

/** Names of the fields that the current propagator writes and that may be sent, such as `traceparent`. */
export function propagatedFields<Described>(settings: Settings<Described>): readonly string[] {
  try {
    const { propagator = propagation } = settings.options
    const fields: unknown = propagator.fields()
    if (!isListOfTexts(fields)) return []
    return fields.every(isWritableField) ? fields : fields.filter(isWritableField)
  } catch (error) {
    reportFailure('listing the fields of the propagator', error)
    return []
  }
}

function isListOfTexts(fields: unknown): fields is readonly string[] {
  return Array.isArray(fields) && fields.every(field => typeof field === 'string')
}
