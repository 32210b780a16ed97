import { diag } from '@opentelemetry/api'
import { isDebugging } from '@spanwright/core/plugin'

import { startDisabled } from './disabled.ts'
import { millisecondsOf } from './duration.ts'
import { Environment } from './environment.ts'
import { showWarnings } from './globals.ts'
import { checkStartOptions, type StartTracingOptions } from './options.ts'
import { RunningTracing } from './running-tracing.ts'
import type { Tracing } from './tracing.ts'
import { makeParts } from './parts.ts'

/** Unsupported variables of the specification, for which a warning is logged. */
const UNSUPPORTED = ['OTEL_CONFIG_FILE', 'OTEL_EXPERIMENTAL_CONFIG_FILE', 'OTEL_METRICS_EXEMPLAR_FILTER']

let running: Tracing | undefined

/**
 * Sets up tracing for the process: resource, exporters, sampler, propagators, context manager, and the
 * flush at its end. Options take precedence over `OTEL_*` variables, which take precedence over defaults.
 * @returns a handle to flush, inspect and shut it down; the running one when it was already started
 * @throws TypeError when an option is unknown or of the wrong type
 */
export function startTracing(options: StartTracingOptions = {}): Tracing {
  checkStartOptions(options)
  const environment = new Environment(process.env)
  showWarnings(environment)
  if (running) {
    diag.warn('spanwright: startTracing() was called again; the running set-up is kept')
    return running
  }
  environment.ignore(...UNSUPPORTED)
  const ended = (): void => {
    running = undefined
  }
  running = environment.isTrue('OTEL_SDK_DISABLED')
    ? startDisabled(options, environment, ended)
    : new RunningTracing(makeParts(options, environment), {
        flushTimeout: millisecondsOf(options.flushTimeout ?? 5000),
        flushOnExit: options.flushOnExit ?? true,
        isDebugging: isDebugging(),
        ended,
      })
  return running
}
