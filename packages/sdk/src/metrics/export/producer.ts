import { ProcessResource } from '../../start/resource/process-resource.ts'
import type { Meters } from '../meters.ts'
import { now } from '../storage.ts'
import type { CollectionResult, MetricProducer } from '../types.ts'

/** Passes the series of our own instruments to one reader, which combines them with those of OpenTelemetry's SDK. */
export class SeriesProducer implements MetricProducer {
  private meters: Meters | undefined
  private reader = 0

  /**
   * Connects the instruments to read.
   * @param reader its number among the readers
   */
  connect(meters: Meters, reader: number): void {
    this.meters = meters
    this.reader = reader
  }

  async collect(): Promise<CollectionResult> {
    const scopeMetrics = this.meters?.collect(this.reader, now()) ?? []
    // A reader uses the resource of the SDK.
    return { resourceMetrics: { resource: new ProcessResource(), scopeMetrics }, errors: [] }
  }
}
