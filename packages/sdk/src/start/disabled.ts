import { propagation, ProxyTracerProvider } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'

import type { Environment } from './environment.ts'
import { register } from './globals.ts'
import type { StartTracingOptions } from './options.ts'
import { Pipeline } from '../record/pipeline.ts'
import { makePropagator } from '../propagation/propagators.ts'
import { diagnose, isGlobal } from '../report/report.ts'
import type { Tracing } from './tracing.ts'

/** What `OTEL_SDK_DISABLED` leaves: contexts are still propagated, as the specification has it; no span is made. */
export function startDisabled(
  options: StartTracingOptions,
  environment: Environment,
  onEnd: () => void,
): Tracing {
  const tracerProvider = new ProxyTracerProvider()
  const unregister = register(
    tracerProvider,
    new AsyncLocalStorageContextManager(),
    makePropagator(options.propagators, environment, false),
  )
  const pipeline = new Pipeline([])
  const end = async (): Promise<void> => {
    unregister()
    onEnd()
  }
  return {
    tracerProvider,
    counts: () => pipeline.counts(),
    report: () =>
      diagnose({
        service: 'OTEL_SDK_DISABLED',
        sampler: 'none',
        exporters: [],
        metrics: [],
        propagates: propagation.fields(),
        counts: pipeline.counts(),
        slowedBy: [],
        isRegistered: isGlobal(tracerProvider),
      }),
    forceFlush: async () => {},
    shutdown: end,
    [Symbol.asyncDispose]: end,
  }
}
