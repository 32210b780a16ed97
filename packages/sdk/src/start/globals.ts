import {
  context,
  type ContextManager,
  diag,
  DiagConsoleLogger,
  DiagLogLevel,
  propagation,
  type MeterProvider,
  metrics,
  type TextMapPropagator,
  trace,
  type TracerProvider,
} from '@opentelemetry/api'
import { isDebugging, isHeard } from '@spanwright/core/plugin'

import type { Environment } from './environment.ts'

const LEVELS = ['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'] as const

/** Prints warnings, unless the app has registered a logger. Level: `OTEL_LOG_LEVEL`, otherwise warn. */
export function showWarnings(environment: Environment): void {
  if (isHeard()) return
  // Until the level is known, so that an invalid one can be reported.
  diag.setLogger(new DiagConsoleLogger(), isDebugging() ? DiagLogLevel.INFO : DiagLogLevel.WARN)
  const variable = environment.text('OTEL_LOG_LEVEL')?.toLowerCase()
  if (variable === undefined) return
  const level = LEVELS.find(known => known === variable)
  if (level === undefined) environment.refuse('OTEL_LOG_LEVEL', LEVELS.join(', '), 'warn')
  else {
    diag.setLogger(new DiagConsoleLogger(), {
      logLevel: DiagLogLevel[level.toUpperCase() as keyof typeof DiagLogLevel],
      suppressOverrideMessage: true,
    })
  }
}

/** Registers the parts of tracing with the API, for the whole process.
 * @returns a function that withdraws the accepted ones
 */
export function register(
  provider: TracerProvider,
  manager: ContextManager,
  propagator: TextMapPropagator,
): () => void {
  const isManaged = context.setGlobalContextManager(manager.enable())
  const isPropagated = propagation.setGlobalPropagator(propagator)
  const isProvided = trace.setGlobalTracerProvider(provider)
  if (!isManaged) manager.disable()
  return () => {
    if (isManaged) context.disable()
    if (isPropagated) propagation.disable()
    if (isProvided) trace.disable()
  }
}

/** Registers a meter provider with the API.
 * @returns a function that withdraws it, if it was accepted
 */
export function registerMetrics(provider: MeterProvider): () => void {
  return metrics.setGlobalMeterProvider(provider) ? () => metrics.disable() : () => {}
}
