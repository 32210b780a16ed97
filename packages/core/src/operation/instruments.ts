import type {
  Attributes,
  Context,
  Counter,
  Histogram,
  Meter,
  MeterProvider,
  MetricOptions,
  Observable,
  ObservableResult,
  UpDownCounter,
} from '@opentelemetry/api'
import { createNoopMeter, ROOT_CONTEXT } from '@opentelemetry/api'

import { attempt, reportFailure } from '../host/guard.ts'
import type { MetricDefinition } from '../semconv/attributes.ts'
import { legacyMetricOf } from '../semconv/legacy.ts'
import type { Settings } from './settings.ts'

const NO_METER = createNoopMeter()

/** The recording function of one instrument of the current provider. */
type Recorder = (value: number, attributes: Attributes, context: Context) => void

/**
 * An instrument that is created once a MeterProvider is registered, and again when another one replaces it. The API has
 * no proxy for meters, so an instrument created too early would never record.
 */
abstract class LateInstrument<Described> {
  protected readonly definition: MetricDefinition
  private readonly settings: Settings<Described>
  private source: MeterProvider | undefined
  private recorders: readonly Recorder[] = []

  constructor(settings: Settings<Described>, definition: MetricDefinition) {
    this.settings = settings
    this.definition = definition
  }

  /**
   * Creates the instrument of the current provider, if there is none yet.
   * @returns false when nothing would be recorded, so attributes need not be built
   */
  prepare(): boolean {
    if (!this.settings.metrics) return false
    const provider = this.settings.meterProvider
    if (provider !== this.source) this.make(provider)
    return this.recorders.length > 0
  }

  protected write(value: number, attributes: Attributes, context: Context): void {
    if (!this.prepare()) return
    try {
      for (const recorder of this.recorders) recorder(value, attributes, context)
    } catch (error) {
      reportFailure(`metric ${this.definition.name}`, error)
    }
  }

  /** Undefined when the provider records nothing. */
  protected abstract instrument(meter: Meter, definition: MetricDefinition): Recorder | undefined

  private make(provider: MeterProvider): void {
    this.source = provider
    this.recorders = []
    try {
      const meter = this.settings.meterFrom(provider)
      const { semconv } = this.settings
      const latest = semconv === 'legacy' ? undefined : this.instrument(meter, this.definition)
      const legacy = semconv === 'latest' ? undefined : this.legacyInstrument(meter, semconv === 'both')
      this.recorders = [latest, legacy].filter(recorder => recorder !== undefined)
    } catch (error) {
      reportFailure(`metric ${this.definition.name}`, error)
    }
  }

  /** With both vocabularies, only when the legacy name differs: the same name twice would count twice. */
  private legacyInstrument(meter: Meter, besideLatest: boolean): Recorder | undefined {
    const legacy = legacyMetricOf(this.definition)
    if (!legacy && besideLatest) return undefined
    const { definition, factor } = legacy ?? { definition: this.definition, factor: 1 }
    const write = this.instrument(meter, definition)
    const translate = this.settings.translateLegacy
    return write && ((value, attributes, context) => write(value * factor, translate(attributes), context))
  }
}

/** A histogram created late. */
export class LateHistogram<Described> extends LateInstrument<Described> {
  /** Negative values, caused by a clock that was set back or faked, are omitted. */
  record(value: number, attributes: Attributes, context: Context): void {
    if (value >= 0) this.write(value, attributes, context)
  }

  protected override instrument(meter: Meter, definition: MetricDefinition): Recorder | undefined {
    const { name, unit, description, boundaries } = definition
    const histogram: Histogram = meter.createHistogram(name, {
      unit,
      description,
      ...(boundaries && { advice: { explicitBucketBoundaries: [...boundaries] } }),
    })
    if (histogram === NO_METER.createHistogram('')) return undefined
    return (value, attributes, context) => histogram.record(value, attributes, context)
  }
}

/** A counter created late. */
export class LateCounter<Described> extends LateInstrument<Described> {
  add(value: number, attributes: Attributes, context: Context): void {
    this.write(value, attributes, context)
  }

  protected override instrument(meter: Meter, definition: MetricDefinition): Recorder | undefined {
    const { name, unit, description } = definition
    const counter = this.create(meter, name, { unit, description })
    if (counter === this.create(NO_METER, '')) return undefined
    return (value, attributes, context) => counter.add(value, attributes, context)
  }

  protected create(meter: Meter, name: string, options?: MetricOptions): Counter | UpDownCounter {
    return meter.createCounter(name, options)
  }
}

/** An up-down counter created late. */
export class LateUpDownCounter<Described> extends LateCounter<Described> {
  protected override create(meter: Meter, name: string, options?: MetricOptions): UpDownCounter {
    return meter.createUpDownCounter(name, options)
  }
}

/** Reports the current values of an observable instrument. */
export type Observe = (report: (value: number, attributes: Attributes) => void) => void

/** An observable up-down counter created late: its values are read when a reader collects them. */
export class LateObservable<Described> extends LateInstrument<Described> {
  private readonly observe: Observe
  private removals: (() => void)[] = []

  constructor(settings: Settings<Described>, definition: MetricDefinition, observe: Observe) {
    super(settings, definition)
    this.observe = observe
  }

  /** Registers the values with the current provider; call it again when the provider may have changed. */
  start(): void {
    if (!this.prepare()) this.stop()
  }

  /** Stops observing the values. */
  stop(): void {
    for (const remove of this.removals) attempt('removing an observer', remove)
    this.removals = []
  }

  protected override instrument(meter: Meter, definition: MetricDefinition): Recorder | undefined {
    const { name, unit, description } = definition
    const observable = this.create(meter, name, { unit, description })
    if (observable === this.create(NO_METER, '')) return undefined
    // Each vocabulary's instrument is collected separately: a recorder may write only while its own result is open.
    let open: ObservableResult | undefined
    const callback = (result: ObservableResult): void => {
      open = result
      try {
        this.observe((value, attributes) => this.write(value, attributes, ROOT_CONTEXT))
      } catch (error) {
        reportFailure(`metric ${name}`, error)
      } finally {
        open = undefined
      }
    }
    observable.addCallback(callback)
    this.removals.push(() => observable.removeCallback(callback))
    return (value, attributes) => open?.observe(value, attributes)
  }

  protected create(meter: Meter, name: string, options?: MetricOptions): Observable {
    return meter.createObservableUpDownCounter(name, options)
  }
}

/** An observable gauge created late, for values that cannot be added up. */
export class LateObservableGauge<Described> extends LateObservable<Described> {
  protected override create(meter: Meter, name: string, options?: MetricOptions): Observable {
    return meter.createObservableGauge(name, options)
  }
}

/**
 * Picks the attributes of an operation that a metric records.
 * @param added further attributes
 */
export function pickAttributes(
  attributes: Attributes,
  keys: readonly string[],
  added?: Attributes,
): Attributes {
  const picked: Attributes = {}
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    const value = attributes[key]
    if (value !== undefined) picked[key] = value
  }
  return added ? Object.assign(picked, added) : picked
}
