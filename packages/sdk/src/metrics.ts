import { type Meter, type MeterProvider, metrics } from '@opentelemetry/api'
import { ATTR_EXPORTER, ATTR_SPAN_OUTCOME, METRIC_SPANS } from '@spanwright/core'

import type { Pipeline, SpanCounts } from './pipeline.ts'

/** Lets a provider read how many spans came to what. */
export function observeSpans(pipeline: Pipeline, provider: MeterProvider = metrics.getMeterProvider()): void {
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
