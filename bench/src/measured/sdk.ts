import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'

import { DroppedMetrics, DroppedSpans } from './dropped.ts'
import type { SdkState } from './protocol.ts'

/**
 * Registers an SDK as a service would, whose exporters drop what they are given.
 * @param watchers span processors besides
 */
export function registerSdk(state: SdkState, watchers: readonly SpanProcessor[] = []): DroppedSpans {
  const spans = new DroppedSpans()
  if (state === 'none') return spans
  const root = state === 'sampled' ? new AlwaysOnSampler() : new AlwaysOffSampler()
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({
      sampler: new ParentBasedSampler({ root }),
      spanProcessors: [new BatchSpanProcessor(spans), ...watchers],
    }),
  )
  metrics.setGlobalMeterProvider(
    new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: new DroppedMetrics() })] }),
  )
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  )
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  return spans
}
