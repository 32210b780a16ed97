import { diag } from '@opentelemetry/api'

import { type Duration, millisecondsOf } from '../../start/duration.ts'
import type { Environment } from '../../start/environment.ts'
import { listOf, makeOtlp } from '../../export/exporters.ts'
import { Delivery } from '../../export/otlp/delivery.ts'
import { placeOf } from '../../export/otlp/advice.ts'
import type { OtlpOptions } from '../../export/otlp/options.ts'
import { ConsoleSink } from './console-sink.ts'
import { OtlpSink } from './otlp-sink.ts'
import { type MetricSink, PeriodicReader } from './periodic.ts'
import { SeriesProducer } from './producer.ts'
import { type PrometheusOptions, servePrometheus } from './prometheus.ts'
import type { MetricReader } from '../types.ts'

/** Options for periodic metrics over OTLP. */
export interface OtlpMetricsOptions extends OtlpOptions {
  /** Time between two exports. Default: `OTEL_METRIC_EXPORT_INTERVAL`, otherwise 60 s. */
  readonly interval?: Duration
}

/** Where metrics are exported: over OTLP, on request to Prometheus, to the console, nowhere, or to your own reader. */
export type MetricsChoice =
  | 'otlp'
  | 'prometheus'
  | 'console'
  | 'none'
  | OtlpMetricsOptions
  | PrometheusOptions
  | MetricReader

/** A metric reader and its name in reports. */
export interface NamedReader {
  readonly name: string
  readonly reader: PeriodicReader | MetricReader
  /** URL it sends to or listens on, if it uses the network. */
  readonly url?: string | undefined
  /** The problem that prevents it from working, if known. */
  readonly problem?: () => string | undefined
  /** Our delivery, if it uses one. */
  readonly delivery?: Delivery
  /** Passes it the series of our own instruments, to a reader for Prometheus. */
  readonly producer?: SeriesProducer
  /** The package it comes from, which brings OpenTelemetry's SDK. */
  readonly path?: string
}

const NAMES = ['otlp', 'prometheus', 'console', 'none'] as const

/**
 * Creates the readers selected by the option, or, with `true` or no option, by `OTEL_METRICS_EXPORTER`.
 * @returns an empty array when metrics are off
 */
export function makeReaders(
  choice: boolean | MetricsChoice | readonly MetricsChoice[] | undefined,
  environment: Environment,
): NamedReader[] {
  if (choice === false) return []
  if (choice !== undefined && choice !== true) {
    return listOf(choice as MetricsChoice).flatMap(one => makeReader(one, environment))
  }
  const endpoint = environment.firstOf('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT')
  const named = environment.listOf('OTEL_METRICS_EXPORTER', NAMES, [choice || endpoint ? 'otlp' : 'none'])
  return named.flatMap(one => {
    try {
      return makeReader(one, environment)
    } catch (error) {
      // A variable that cannot be followed must not prevent the app from starting.
      diag.warn(`spanwright: ${(error as Error).message}; OTEL_METRICS_EXPORTER goes without ${one}`)
      return []
    }
  })
}

function makeReader(choice: MetricsChoice, environment: Environment): NamedReader[] {
  if (choice === 'none') return []
  if (choice === 'console') {
    return [{ name: 'console', reader: periodic(new ConsoleSink(), environment) }]
  }
  if (choice === 'otlp') return [overOtlp({}, environment)]
  if (choice === 'prometheus') return [prometheus({}, environment)]
  if (isReader(choice)) return [{ name: choice.constructor?.name || 'reader', reader: choice }]
  if (choice.protocol === 'prometheus') return [prometheus(choice, environment)]
  return [overOtlp(choice, environment)]
}

function prometheus(options: Omit<PrometheusOptions, 'protocol'>, environment: Environment): NamedReader {
  const producer = new SeriesProducer()
  return { name: 'prometheus', producer, ...servePrometheus(options, environment, producer) }
}

function overOtlp({ interval, ...options }: OtlpMetricsOptions, environment: Environment): NamedReader {
  const { target, transport } = makeOtlp('metrics', options, environment)
  const delivery = new Delivery(transport)
  const sink = new OtlpSink(placeOf(target), delivery, target.timeout, environment)
  return {
    name: `otlp ${target.protocol}`,
    reader: periodic(sink, environment, interval),
    url: target.url,
    problem: () => sink.problem,
    delivery,
  }
}

function periodic(sink: MetricSink, environment: Environment, given?: Duration): PeriodicReader {
  const interval =
    given === undefined ? environment.count('OTEL_METRIC_EXPORT_INTERVAL', 60_000) : millisecondsOf(given)
  const timeout = environment.timeLimit('OTEL_METRIC_EXPORT_TIMEOUT', 30_000)
  return new PeriodicReader(sink, interval, Math.min(timeout, interval))
}

/** True for a metric reader. */
export function isReader(value: unknown): value is MetricReader {
  return typeof (value as Partial<MetricReader> | undefined)?.collect === 'function'
}
