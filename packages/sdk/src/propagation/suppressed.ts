import { type Context, createContextKey } from '@opentelemetry/api'

/** The key under which OpenTelemetry's own packages suppress tracing. */
const SUPPRESSED = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING')

/** True when no span may be created, such as in an exporter. */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESSED) === true
}
