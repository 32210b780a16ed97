import { context, metrics, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

import type { SdkState } from '../protocol.ts'
import type { Telemetry } from './telemetry.ts'

/** Registers OpenTelemetry's SDK as its documentation says, with batches over OTLP. */
export function registerOpenTelemetry(state: SdkState, sink: string): Telemetry {
  const resource = resourceFromAttributes({ 'service.name': 'bench' })
  const root = state === 'exported' ? new AlwaysOnSampler() : new AlwaysOffSampler()
  const counter = new Counter()
  const spanProcessors = [
    counter,
    new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${sink}/v1/traces` }) }),
  ]
  const tracerProvider = new TracerProvider({
    resource,
    sampler: new ParentBasedSampler({ root }),
    spanProcessors,
  })
  trace.setGlobalTracerProvider(tracerProvider)
  const exporter = new OTLPMetricExporter({ url: `${sink}/v1/metrics` })
  metrics.setGlobalMeterProvider(
    new MeterProvider({ resource, readers: [new PeriodicExportingMetricReader({ exporter })] }),
  )
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  )
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  return {
    get recorded() {
      return counter.count
    },
    flush: () => tracerProvider.forceFlush(),
  }
}

/** Counts what the processor behind it is given. */
class Counter implements SpanProcessor {
  count = 0

  onStart(): void {}

  onEnd(): void {
    this.count++
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
