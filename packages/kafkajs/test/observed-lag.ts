import type { Attributes } from '@opentelemetry/api'
import { afterEach } from '@jest/globals'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'

const providers: MeterProvider[] = []
afterEach(() => Promise.all(providers.splice(0).map(provider => provider.shutdown())))

/** The lag as it is observed now. The reader of the recorder repeats what was observed once. */
export class ObservedLag {
  private readonly exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA)
  readonly meterProvider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: this.exporter, exportIntervalMillis: 2 ** 30 })],
  })

  constructor() {
    providers.push(this.meterProvider)
  }

  async points(): Promise<{ attributes: Attributes; value: unknown }[]> {
    this.exporter.reset()
    await this.meterProvider.forceFlush()
    return this.exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .filter(({ descriptor }) => descriptor.name === 'spanwright.messaging.consumer.lag')
      .flatMap(({ dataPoints }) => dataPoints.map(({ attributes, value }) => ({ attributes, value })))
  }
}
