import { diag } from '@opentelemetry/api'
import type { IMetricReader, MetricProducer } from '@opentelemetry/sdk-metrics'

import type { Environment } from '../start/environment.ts'
import { loadOptional } from '../start/optional-package.ts'

/** Metrics for Prometheus to fetch. Needs the package `@opentelemetry/exporter-prometheus`. */
export interface PrometheusOptions {
  readonly protocol: 'prometheus'
  /** Address it listens at. Default: `OTEL_EXPORTER_PROMETHEUS_HOST`, else 127.0.0.1: only this machine can ask. */
  readonly host?: string
  /** Default: `OTEL_EXPORTER_PROMETHEUS_PORT`, else 9464. */
  readonly port?: number
  /** Default: '/metrics'. */
  readonly path?: string
}

/** The reader that serves metrics, and what is known of it. */
export interface PrometheusServer {
  readonly reader: IMetricReader
  readonly url: string
  /** Why it does not listen, once that is known. */
  readonly problem: () => string | undefined
}

interface PrometheusModule {
  readonly PrometheusExporter: new (
    config: Readonly<Record<string, unknown>>,
  ) => IMetricReader & { startServer(): Promise<void> }
}

const MAX_PORT = 65_535

/**
 * Serves metrics in the text format of Prometheus.
 * @param producer what it serves besides the metrics of the SDK
 * @throws TypeError when the package is not installed
 */
export function servePrometheus(
  options: Omit<PrometheusOptions, 'protocol'>,
  environment: Environment,
  producer: MetricProducer,
): PrometheusServer {
  const { exports } = loadOptional('@opentelemetry/exporter-prometheus', "metrics 'prometheus'")
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
  return { reader, url, problem: () => problem }
}
