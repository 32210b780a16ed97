import { diag } from '@opentelemetry/api'

import type { Environment } from '../../start/environment.ts'
import { loadOptional } from '../../start/optional-package.ts'
import type { MetricProducer, MetricReader } from '../types.ts'

/** Options of the Prometheus endpoint. Needs the package `@opentelemetry/exporter-prometheus`. */
export interface PrometheusOptions {
  /** Tells these options from those of OTLP. */
  readonly protocol: 'prometheus'
  /**
   * Address to listen on. Default: `OTEL_EXPORTER_PROMETHEUS_HOST`, otherwise 127.0.0.1, reachable only from this
   * machine.
   */
  readonly host?: string
  /** Port to listen on. Default: `OTEL_EXPORTER_PROMETHEUS_PORT`, otherwise 9464. */
  readonly port?: number
  /** Path of the metrics. Default: '/metrics'. */
  readonly path?: string
}

/** The reader that serves metrics, and its state. */
export interface PrometheusServer {
  readonly reader: MetricReader
  /** Where its package is. */
  readonly path: string
  readonly url: string
  /** Why it is not listening, if that is known. */
  readonly problem: () => string | undefined
}

interface PrometheusModule {
  readonly PrometheusExporter: new (
    config: Readonly<Record<string, unknown>>,
  ) => MetricReader & { startServer(): Promise<void> }
}

const MAX_PORT = 65_535

/**
 * Serves metrics in the text format of Prometheus.
 * @param producer provides metrics in addition to those of the SDK
 * @throws TypeError when the package is not installed
 */
export function servePrometheus(
  options: Omit<PrometheusOptions, 'protocol'>,
  environment: Environment,
  producer: MetricProducer,
): PrometheusServer {
  const { exports, path } = loadOptional('@opentelemetry/exporter-prometheus', "metrics 'prometheus'")
  const host = options.host ?? environment.text('OTEL_EXPORTER_PROMETHEUS_HOST') ?? '127.0.0.1'
  const port = options.port ?? environment.count('OTEL_EXPORTER_PROMETHEUS_PORT', 9464, 1, MAX_PORT)
  const endpoint = options.path ?? '/metrics'
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}${endpoint}`
  const { PrometheusExporter } = exports as PrometheusModule
  const reader = new PrometheusExporter({
    host,
    port,
    endpoint,
    preventServerStart: true,
    metricProducers: [producer],
  })
  let problem: string | undefined
  reader.startServer().catch((error: unknown) => {
    problem = String((error as Partial<Error> | undefined)?.message ?? error)
    diag.error(`spanwright: metrics cannot be fetched from ${url}: ${problem}`)
  })
  return { reader, path, url, problem: () => problem }
}
