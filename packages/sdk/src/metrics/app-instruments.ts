import { createNoopMeter, type Meter, type MeterOptions, type MeterProvider } from '@opentelemetry/api'
import { say } from '@spanwright/core/plugin'

import { loadOptional } from '../start/optional-package.ts'
import type { ProcessResource } from '../start/resource/process-resource.ts'
import type { PeriodicReader } from './export/periodic.ts'
import {
  AggregationType,
  InstrumentType,
  type MetricReader,
  type ScopeMetrics,
  type SdkMeterProvider,
} from './types.ts'
import { type MetricView, sdkViewsOf } from './views.ts'

const PACKAGE = '@opentelemetry/sdk-metrics'

/** The part of OpenTelemetry's package that is used. */
interface SdkMetrics {
  readonly MeterProvider: new (options: object) => SdkMeterProvider
  readonly MetricReader: new (options: object) => MetricReader
}

/** A provider and its readers, in the order of the readers of the set-up. */
interface Running {
  readonly provider: SdkMeterProvider
  readonly readers: readonly MetricReader[]
}

const NO_METER = createNoopMeter()

/** Gives out instruments aggregated by OpenTelemetry's SDK, which is loaded when the first of them is created. */
export class AppInstruments implements MeterProvider {
  private readonly resource: ProcessResource
  private readonly views: readonly MetricView[]
  private readonly readers: readonly (MetricReader | PeriodicReader)[]
  private running: Running | undefined
  private isMissing = false

  constructor(
    resource: ProcessResource,
    views: readonly MetricView[],
    readers: readonly (MetricReader | PeriodicReader)[],
  ) {
    this.resource = resource
    this.views = views
    this.readers = readers
  }

  getMeter(name: string, version?: string, options?: MeterOptions): Meter {
    if (this.isMissing) return NO_METER
    try {
      return this.load(`an instrument of ${name}`).provider.getMeter(name, version, options)
    } catch (error) {
      this.isMissing = true
      say('warn', 'spanwright: instruments of the app are not exported', error)
      return NO_METER
    }
  }

  /**
   * Loads the SDK, if that has not been done.
   * @param purpose what it is needed for
   * @throws TypeError when the package is not installed
   */
  load(purpose: string, from?: string): Running {
    this.running ??= this.start(loadOptional(PACKAGE, purpose, from).exports as SdkMetrics)
    return this.running
  }

  /** The measurements for the reader with the given number. */
  async collect(reader: number): Promise<readonly ScopeMetrics[]> {
    const collected = await this.running?.readers[reader]?.collect()
    for (const error of collected?.errors ?? []) say('error', 'spanwright: reading a metric failed', error)
    return collected?.resourceMetrics.scopeMetrics ?? []
  }

  async forceFlush(): Promise<void> {
    await this.running?.provider.forceFlush()
  }

  async shutdown(): Promise<void> {
    await this.running?.provider.shutdown()
  }

  private start({ MeterProvider: Provider, MetricReader: Reader }: SdkMetrics): Running {
    /** Read by our own readers. */
    class Pulled extends Reader {
      constructor({ sink }: PeriodicReader) {
        super({
          aggregationTemporalitySelector: (type: InstrumentType) => sink.selectAggregationTemporality(type),
          aggregationSelector: (type: InstrumentType) => ({
            type:
              sink.isExponential && type === InstrumentType.HISTOGRAM
                ? AggregationType.EXPONENTIAL_HISTOGRAM
                : AggregationType.DEFAULT,
          }),
        })
      }

      async onForceFlush(): Promise<void> {}

      async onShutdown(): Promise<void> {}
    }
    const readers = this.readers.map(reader => ('sink' in reader ? new Pulled(reader) : reader))
    const provider = new Provider({ resource: this.resource, views: sdkViewsOf(this.views), readers })
    return { provider, readers }
  }
}
