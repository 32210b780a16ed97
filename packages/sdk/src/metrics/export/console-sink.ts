import type { ProcessResource } from '../../start/resource/process-resource.ts'
import type { MetricSink } from './periodic.ts'
import { AggregationTemporality, type ScopeMetrics } from '../types.ts'

/** Prints measurements on the console, one object for each instrument. */
export class ConsoleSink implements MetricSink {
  readonly isExponential: boolean = false

  async send(_resource: ProcessResource, scopes: readonly ScopeMetrics[]): Promise<void> {
    for (const { metrics } of scopes) {
      for (const { descriptor, dataPointType, dataPoints } of metrics) {
        console.dir({ descriptor, dataPointType, dataPoints }, { depth: null })
      }
    }
  }

  selectAggregationTemporality(): number {
    return AggregationTemporality.CUMULATIVE
  }

  close(): void {}
}
