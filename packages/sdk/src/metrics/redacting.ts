import type {
  Attributes,
  BatchObservableCallback,
  BatchObservableResult,
  Context,
  Counter,
  Gauge,
  Histogram,
  Meter,
  MeterProvider,
  Observable,
  ObservableCallback,
  ObservableResult,
  UpDownCounter,
} from '@opentelemetry/api'

import type { Redactor } from '../record/redaction.ts'

/** Gives out the instruments of a provider with attributes redacted before a point finds its series. */
export function redactingMeters(provider: MeterProvider, redactor: Redactor): MeterProvider {
  return {
    getMeter: (name, version, options) =>
      new RedactingMeter(provider.getMeter(name, version, options), redactor),
  }
}

class RedactingMeter implements Meter {
  private readonly meter: Meter
  private readonly redactor: Redactor
  /** Of observables and callbacks that were given out or taken, the ones of the provider. */
  private readonly originals = new WeakMap<object, Observable>()
  private readonly callbacks = new WeakMap<object, (result: never) => void | Promise<void>>()

  constructor(meter: Meter, redactor: Redactor) {
    this.meter = meter
    this.redactor = redactor
  }

  createCounter: Meter['createCounter'] = (name, options) =>
    this.adding(this.meter.createCounter(name, options))

  createUpDownCounter: Meter['createUpDownCounter'] = (name, options) =>
    this.adding(this.meter.createUpDownCounter(name, options))

  createHistogram: Meter['createHistogram'] = (name, options) =>
    this.recording(this.meter.createHistogram(name, options))

  createGauge: Meter['createGauge'] = (name, options) => this.recording(this.meter.createGauge(name, options))

  createObservableCounter: Meter['createObservableCounter'] = (name, options) =>
    this.observing(this.meter.createObservableCounter(name, options))

  createObservableUpDownCounter: Meter['createObservableUpDownCounter'] = (name, options) =>
    this.observing(this.meter.createObservableUpDownCounter(name, options))

  createObservableGauge: Meter['createObservableGauge'] = (name, options) =>
    this.observing(this.meter.createObservableGauge(name, options))

  addBatchObservableCallback(callback: BatchObservableCallback, observables: Observable[]): void {
    const redacting = this.wrapped(callback, (result: BatchObservableResult) =>
      callback({
        observe: (observable, value, attributes) =>
          result.observe(this.originalOf(observable), value, this.redact(attributes)),
      }),
    )
    this.meter.addBatchObservableCallback(redacting, observables.map(this.originalOf))
  }

  removeBatchObservableCallback(callback: BatchObservableCallback, observables: Observable[]): void {
    const redacting = this.callbacks.get(callback) as BatchObservableCallback | undefined
    this.meter.removeBatchObservableCallback(redacting ?? callback, observables.map(this.originalOf))
  }

  private readonly redact = (attributes: Attributes | undefined): Attributes | undefined =>
    attributes && this.redactor.attributes(attributes)

  private readonly originalOf = (observable: Observable): Observable =>
    this.originals.get(observable) ?? observable

  private adding(counter: Counter | UpDownCounter): Counter {
    return {
      add: (value: number, attributes?: Attributes, context?: Context) =>
        counter.add(value, this.redact(attributes), context),
    }
  }

  private recording(instrument: Histogram | Gauge): Histogram {
    return {
      record: (value: number, attributes?: Attributes, context?: Context) =>
        instrument.record(value, this.redact(attributes), context),
    }
  }

  private observing(observable: Observable): Observable {
    const redacting: Observable = {
      addCallback: callback => {
        const observe = this.wrapped(callback, (result: ObservableResult) =>
          callback({
            observe: (value, attributes) => result.observe(value, this.redact(attributes)),
          }),
        )
        observable.addCallback(observe)
      },
      removeCallback: callback => {
        observable.removeCallback(
          (this.callbacks.get(callback) as ObservableCallback | undefined) ?? callback,
        )
      },
    }
    this.originals.set(redacting, observable)
    return redacting
  }

  /** The same callback always has the same one in its place: providers compare them. */
  private wrapped<Result>(
    callback: object,
    redacting: (result: Result) => void | Promise<void>,
  ): (result: Result) => void | Promise<void> {
    const known = this.callbacks.get(callback) as typeof redacting | undefined
    if (!known) this.callbacks.set(callback, redacting)
    return known ?? redacting
  }
}
