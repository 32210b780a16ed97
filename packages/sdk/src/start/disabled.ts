import { propagation, ProxyTracerProvider } from '@opentelemetry/api'

import { StorageContextManager } from '../context/manager.ts'
import type { Environment } from './environment.ts'
import { register } from './globals.ts'
import { atEnd } from './explanation.ts'
import type { StartTracingOptions } from './options.ts'
import { Pipeline } from '../record/pipeline.ts'
import { makePropagator } from '../propagation/propagators.ts'
import { isGlobal, reportOn, sayOutcome, type TracingReport } from '../report/report.ts'
import type { Tracing } from './tracing.ts'

/** Set-up with `OTEL_SDK_DISABLED`: contexts are still propagated, as specified; no span is created. */
export function startDisabled(
  options: StartTracingOptions,
  environment: Environment,
  onEnd: () => void,
): Tracing {
  const tracerProvider = new ProxyTracerProvider()
  const unregister = register(
    tracerProvider,
    options.contextManager ?? new StorageContextManager(),
    makePropagator(options.propagators, environment, false),
  )
  const pipeline = new Pipeline([])
  let isShutDown = false
  const report = (isEnding = false): TracingReport =>
    reportOn({
      service: 'OTEL_SDK_DISABLED',
      sampler: 'none',
      exporters: [],
      metrics: [],
      propagates: propagation.fields(),
      counts: pipeline.counts(),
      slowedBy: [],
      scopes: [],
      failures: ['OTEL_SDK_DISABLED=true: nothing is recorded; unset it to trace'],
      isRegistered: isGlobal(tracerProvider),
      isEnding,
      isShutDown,
    })
  const withdraw = atEnd(() => sayOutcome(report(true)))
  const end = async (): Promise<void> => {
    if (isShutDown) return
    withdraw()
    isShutDown = true
    unregister()
    onEnd()
  }
  return {
    tracerProvider,
    counts: () => pipeline.counts(),
    report: () => report(),
    forceFlush: async () => {},
    shutdown: end,
    [Symbol.asyncDispose]: end,
  }
}
