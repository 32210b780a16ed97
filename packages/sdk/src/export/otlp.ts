import { diag } from '@opentelemetry/api'
import { aPositiveNumber, oneOf, type OptionRule, type OptionRules } from '@spanwright/core/plugin'

import type { Environment } from '../start/environment.ts'
import { makeGrpcExporter } from './grpc.ts'

/** How OTLP travels. */
export type OtlpProtocol = 'http/protobuf' | 'http/json' | 'grpc'

/** An OTLP exporter; what is left out comes from `OTEL_EXPORTER_OTLP_*`. */
export interface OtlpOptions {
  /**
   * Default: `OTEL_EXPORTER_OTLP_PROTOCOL`, else 'http/protobuf'. 'grpc' needs `@opentelemetry/exporter-trace-otlp-grpc`,
   * for metrics `@opentelemetry/exporter-metrics-otlp-grpc`.
   */
  readonly protocol?: OtlpProtocol
  /** Where it is sent, whole (`http://collector:4318/v1/traces`). Default: `OTEL_EXPORTER_OTLP_ENDPOINT`, else this machine. */
  readonly url?: string
  /** Sent with every request, besides `OTEL_EXPORTER_OTLP_HEADERS`. */
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds that one batch may take, with all its retries. Default: `OTEL_EXPORTER_OTLP_TIMEOUT`, else 10 000. */
  readonly timeout?: number
  /** Default: `OTEL_EXPORTER_OTLP_COMPRESSION`, else 'none'. */
  readonly compression?: 'gzip' | 'none'
}

/** What is sent over OTLP, and by whom. */
export interface Signal<Exporter> {
  readonly name: 'traces' | 'metrics'
  readonly 'http/protobuf': new (config: object) => Exporter
  readonly 'http/json': new (config: object) => Exporter
  readonly grpc: { readonly package: string; readonly exported: string }
}

/** An exporter of OTLP. */
export interface OtlpExporter<Exporter> {
  readonly protocol: OtlpProtocol
  readonly exporter: Exporter
  /** Where it sends. */
  readonly url: string
}

const PROTOCOLS: readonly OtlpProtocol[] = ['http/protobuf', 'http/json', 'grpc']

export const OTLP_RULES: OptionRules = {
  protocol: oneOf(...PROTOCOLS),
  url: { expected: 'a URL', accepts: value => typeof value === 'string' && URL.canParse(value) },
  headers: {
    expected: 'an object of texts',
    accepts: value =>
      typeof value === 'object' && value !== null && Object.values(value).every(v => typeof v === 'string'),
  } satisfies OptionRule,
  timeout: aPositiveNumber,
  compression: oneOf('gzip', 'none'),
}

/**
 * Makes an exporter of OTLP.
 * @throws TypeError when gRPC was asked for in code and its package is not installed
 */
export function makeOtlp<Exporter>(
  signal: Signal<Exporter>,
  options: OtlpOptions,
  environment: Environment,
): OtlpExporter<Exporter> {
  const protocol = options.protocol ?? protocolIn(environment, signal.name)
  const url = options.url ?? urlIn(environment, signal.name, protocol)
  if (protocol !== 'grpc') return { protocol, exporter: overHttp(signal, protocol, options), url }
  try {
    return { protocol, exporter: makeGrpcExporter(signal, options), url }
  } catch (error) {
    if (options.protocol !== undefined) throw error
    // A variable that cannot be followed is no reason for the app not to start.
    diag.warn(`spanwright: ${(error as Error).message}; http/protobuf is used instead`)
    return makeOtlp(signal, { ...options, protocol: 'http/protobuf' }, environment)
  }
}

function overHttp<Exporter>(
  signal: Signal<Exporter>,
  protocol: 'http/protobuf' | 'http/json',
  { url, headers, timeout, compression }: OtlpOptions,
): Exporter {
  return new signal[protocol]({
    ...(url !== undefined && { url }),
    ...(headers && { headers: { ...headers } }),
    ...(timeout !== undefined && { timeoutMillis: timeout }),
    ...(compression && { compression }),
  })
}

function protocolIn(environment: Environment, signal: 'traces' | 'metrics'): OtlpProtocol {
  const variable =
    environment.firstOf(
      `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_PROTOCOL`,
      'OTEL_EXPORTER_OTLP_PROTOCOL',
    ) ?? 'OTEL_EXPORTER_OTLP_PROTOCOL'
  return environment.oneOf(variable, PROTOCOLS, 'http/protobuf')
}

/** The exporters read these themselves; here it is about reports, and about a warning that names the variable. */
function urlIn(environment: Environment, signal: 'traces' | 'metrics', protocol: OtlpProtocol): string {
  const own = `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`
  // gRPC has other forms of addresses too.
  if (protocol === 'grpc') {
    return environment.text(own) ?? environment.text('OTEL_EXPORTER_OTLP_ENDPOINT') ?? 'http://localhost:4317'
  }
  const whole = environment.url(own)
  if (whole !== undefined) return whole
  const base = environment.url('OTEL_EXPORTER_OTLP_ENDPOINT') ?? 'http://localhost:4318'
  return `${base.replace(/\/$/, '')}/v1/${signal}`
}
