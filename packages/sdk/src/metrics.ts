import { type Meter, type MeterProvider as ApiMeterProvider, metrics } from '@opentelemetry/api'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import type { Resource } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { ATTR_EXPORTER, ATTR_SPAN_OUTCOME, METRIC_SPANS } from '@spanwright/core'

import type { Environment } from './environment.ts'
import type { Pipeline, SpanCounts } from './pipeline.ts'

/** Sends metrics over OTLP every minute, or as `OTEL_METRIC_EXPORT_INTERVAL` and `…_TIMEOUT` say. */
export function makeMeterProvider(resource: Resource, environment: Environment): MeterProvider {
  const exportIntervalMillis = environment.count('OTEL_METRIC_EXPORT_INTERVAL', 60_000)
  const exportTimeoutMillis = environment.count('OTEL_METRIC_EXPORT_TIMEOUT', 30_000)
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(exportTimeoutMillis, exportIntervalMillis),
  })
  return new MeterProvider({ resource, readers: [reader] })
}

/** Lets a provider read how many spans came to what. */
export function observeSpans(
  pipeline: Pipeline,
  provider: ApiMeterProvider = metrics.getMeterProvider(),
): void {
  const meter: Meter = provider.getMeter('@spanwright/sdk')
  const { name, unit, description } = METRIC_SPANS
  meter.createObservableCounter(name, { unit, description }).addCallback(result => {
    for (const [outcome, exporter, count] of outcomes(pipeline.counts())) {
      result.observe(count, {
        [ATTR_SPAN_OUTCOME]: outcome,
        ...(exporter !== undefined && { [ATTR_EXPORTER]: exporter }),
      })
    }
  })
}

function outcomes(counts: SpanCounts): [outcome: string, exporter: string | undefined, count: number][] {
  return [
    ['unsampled', undefined, counts.unsampled],
    ['sampled_out', undefined, counts.sampledOut],
    ...counts.exporters.flatMap(({ name, exported, dropped }): [string, string, number][] => [
      ['exported', name, exported],
      ['queue_full', name, dropped.queueFull],
      ['failed', name, dropped.failed],
      ['shut_down', name, dropped.shutDown],
    ]),
  ]
}
