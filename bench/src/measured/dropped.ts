import { ExportResultCode } from '@opentelemetry/core'
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'

type Done = Parameters<SpanExporter['export']>[1]

const SUCCESS = { code: ExportResultCode.SUCCESS }

/** Counts the spans it is given and lets them go. */
export class DroppedSpans implements SpanExporter {
  count: number = 0

  export(spans: ReadableSpan[], done: Done): void {
    this.count += spans.length
    done(SUCCESS)
  }

  async shutdown(): Promise<void> {}
}

/** Lets go of the metrics it is given. */
export class DroppedMetrics implements PushMetricExporter {
  export(_metrics: ResourceMetrics, done: Done): void {
    done(SUCCESS)
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
