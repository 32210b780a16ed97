import {
  type BatchObservableCallback,
  type Counter,
  createNoopMeter,
  type Gauge,
  type Histogram,
  type HrTime,
  type Meter,
  type MeterOptions,
  type MeterProvider,
  type MetricOptions,
  type Observable,
  type UpDownCounter,
} from '@opentelemetry/api'

import {
  type Collected,
  type InstrumentParts,
  SeriesCounter,
  SeriesHistogram,
  SeriesObservable,
  type Temporalities,
} from './instruments.ts'
import { InstrumentType, type ScopeMetrics } from './types.ts'
import { type MetricView, viewOn } from './views.ts'

const NO_METER = createNoopMeter()

/** Prefix of libraries whose instruments are handled here. */
const OURS = '@spanwright/'

/** Creates the instruments of one of our libraries, each of them once. */
class SeriesMeter implements Meter {
  private readonly views: readonly MetricView[]
  private readonly temporalities: Temporalities
  private readonly instruments = new Map<string, Collected>()

  constructor(views: readonly MetricView[], temporalities: Temporalities) {
    this.views = views
    this.temporalities = temporalities
  }

  createHistogram(name: string, options?: MetricOptions): Histogram {
    return (
      this.once('histogram', name, options, parts => new SeriesHistogram(parts)) ??
      NO_METER.createHistogram(name)
    )
  }

  createCounter(name: string, options?: MetricOptions): Counter {
    return (
      this.once('counter', name, options, parts => new SeriesCounter(parts, true)) ??
      NO_METER.createCounter(name)
    )
  }

  createUpDownCounter(name: string, options?: MetricOptions): UpDownCounter {
    return (
      this.once('upDownCounter', name, options, parts => new SeriesCounter(parts, false)) ??
      NO_METER.createUpDownCounter(name)
    )
  }

  createObservableCounter(name: string, options?: MetricOptions): Observable {
    return this.observable(InstrumentType.OBSERVABLE_COUNTER, name, options)
  }

  createObservableUpDownCounter(name: string, options?: MetricOptions): Observable {
    return this.observable(InstrumentType.OBSERVABLE_UP_DOWN_COUNTER, name, options)
  }

  createObservableGauge(name: string, options?: MetricOptions): Observable {
    return this.observable(InstrumentType.OBSERVABLE_GAUGE, name, options)
  }

  /** None of our libraries uses one. */
  createGauge(name: string): Gauge {
    return NO_METER.createGauge(name)
  }

  /** Nor this. */
  addBatchObservableCallback(_callback: BatchObservableCallback): void {}

  removeBatchObservableCallback(_callback: BatchObservableCallback): void {}

  collect(reader: number, end: HrTime): ScopeMetrics['metrics'] {
    return [...this.instruments.values()].flatMap(instrument => instrument.collect(reader, end) ?? [])
  }

  private observable(type: InstrumentType, name: string, options?: MetricOptions): Observable {
    return (
      this.once(type, name, options, parts => new SeriesObservable(type, parts)) ??
      NO_METER.createObservableGauge(name)
    )
  }

  /** @returns undefined when a view drops it */
  private once<Made extends Collected>(
    kind: string,
    name: string,
    options: MetricOptions = {},
    make: (parts: InstrumentParts) => Made,
  ): Made | undefined {
    const view = viewOn(name, this.views)
    if (view?.drop) return undefined
    const key = `${kind} ${name} ${options.unit ?? ''}`
    let instrument = this.instruments.get(key)
    if (!instrument) {
      instrument = make({ name, options, view, temporalities: this.temporalities })
      this.instruments.set(key, instrument)
    }
    // The instrument under this key was created by the same `make`.
    return instrument as Made
  }
}

/** Aggregates the instruments of our own libraries as series, and delegates all others to another provider. */
export class Meters implements MeterProvider {
  private readonly others: MeterProvider
  private readonly views: readonly MetricView[]
  private readonly temporalities: Temporalities
  private readonly meters = new Map<
    string,
    { readonly scope: ScopeMetrics['scope']; readonly meter: SeriesMeter }
  >()

  constructor(others: MeterProvider, views: readonly MetricView[], temporalities: Temporalities) {
    this.others = others
    this.views = views
    this.temporalities = temporalities
  }

  getMeter(name: string, version: string = '', options?: MeterOptions): Meter {
    if (!name.startsWith(OURS)) return this.others.getMeter(name, version, options)
    const key = `${name} ${version} ${options?.schemaUrl ?? ''}`
    let entry = this.meters.get(key)
    if (!entry) {
      const scope = {
        name,
        version,
        ...(options?.schemaUrl !== undefined && { schemaUrl: options.schemaUrl }),
      }
      entry = { scope, meter: new SeriesMeter(this.views, this.temporalities) }
      this.meters.set(key, entry)
    }
    return entry.meter
  }

  /** The measurements for the reader with the given number. */
  collect(reader: number, end: HrTime): ScopeMetrics[] {
    return [...this.meters.values()].flatMap(({ scope, meter }) => {
      const metrics = meter.collect(reader, end)
      return metrics.length > 0 ? [{ scope, metrics }] : []
    })
  }
}
